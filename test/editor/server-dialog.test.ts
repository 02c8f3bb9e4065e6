import assert from 'node:assert/strict';
import { Editor, serverForm } from '../peers/editor';

/** In the flow "Push one file". */
const pushId = 'd86f031b9e4ca257';
const serverId = '7b94e2d06c8f1a35';

describe('the dialog of an ota-server', function () {
  this.timeout(60_000);
  let editor: Editor;

  before(async () => {
    editor = await Editor.open();
  });

  after(() => editor?.close());

  beforeEach(async () => {
    await editor.edit(pushId);
    await editor.editServer();
  });

  /** Back to the flow as it was. */
  afterEach(async () => {
    if (await editor.page.locator(serverForm).isVisible()) await editor.leave('cancel');
    await editor.leave('cancel');
    while (await editor.evaluate<boolean>('RED.nodes.dirty()')) {
      await editor.evaluate('RED.actions.invoke("core:undo")');
    }
  });

  const field = (property: string) => editor.page.locator(`#node-config-input-${property}`);
  const unfold = () => editor.page.locator('#ota-server-more summary').click();
  const enter = async (property: string, value: string) => {
    await field(property).fill(value);
    await field(property).blur();
  };
  const hasError = async (property: string) =>
    ((await field(property).getAttribute('class')) ?? '').includes('input-error');

  it('asks for broker, advertised address and ports, and for the rest under More', async () => {
    const labels = async () => {
      const shown = editor.page.locator(serverForm).locator('label:visible, summary');
      return (await shown.allInnerTexts()).map((label) => label.trim());
    };
    assert.deepEqual(await labels(), ['Broker', 'Advertised address', 'Ports', 'More', 'Name']);
    await unfold();
    assert.deepEqual((await labels()).slice(3), [
      'More',
      'Allowed addresses',
      'Listen on',
      'Topic',
      'Pushes at once',
      'Name',
    ]);
  });

  it('has the defaults where nothing was set', async () => {
    const shown: Record<string, string> = {};
    for (const property of ['bind', 'ports', 'topic', 'allow', 'concurrency']) {
      shown[property] = await field(property).inputValue();
    }
    assert.deepEqual(shown, { bind: '', ports: '', topic: '{target}/OTA', allow: '', concurrency: '100' });
  });

  it('requires a broker', async () => {
    await field('broker').selectOption('_ADD_');
    assert.equal(await hasError('broker'), true);
    await editor.leave('ok');
    assert.equal(await editor.evaluate(`RED.nodes.node('${serverId}').valid`), false);
  });

  const refused = [
    ['ports', '70000', /^Ports: .* from 1 to 65535/],
    ['ports', '5-1', /^Ports: /],
    ['allow', '10.0.0.0/33', /^Allowed addresses: /],
    ['topic', 'lamps/OTA', /^Topic: \{target\} must be in it/],
    ['advertise', 'http://192.168.4.2', /^Advertised address: .* without port, scheme/],
    ['bind', 'eth0', /^Listen on: /],
    ['concurrency', '0', /^Pushes at once: .* from 1 to 10000/],
  ] as const;
  for (const [property, value, reason] of refused) {
    it(`refuses ${value} as ${property}: says why at the field, and marks the node`, async () => {
      await unfold();
      await enter(property, value);
      assert.equal(await hasError(property), true);
      await field(property).hover();
      assert.match(await editor.page.locator('.red-ui-popover').innerText(), reason);
      await editor.leave('ok');
      const [problem] = await editor.evaluate<string[]>(`RED.nodes.node('${serverId}').validationErrors`);
      assert.match(problem ?? '', reason);
    });
  }

  it('takes valid values, and Deploy brings them to the server', async () => {
    const values = {
      advertise: 'lamps.local',
      ports: '40000-40100',
      allow: '192.168.4.0/24, 10.0.0.7, fd00::/8',
      bind: '::',
      topic: 'house/{target}/OTA',
      concurrency: '8',
      name: 'this house',
    };
    await unfold();
    for (const [property, value] of Object.entries(values)) await enter(property, value);
    assert.equal(await editor.page.locator(`${serverForm} .input-error`).count(), 0);
    await editor.leave('ok');
    await editor.leave('ok');
    const flows = await editor.deploy();
    assert.partialDeepStrictEqual(
      flows.find(({ id }) => id === serverId),
      values,
    );
    await editor.edit(pushId);
  });

  it('leaves no error in the console of the browser', () => {
    assert.deepEqual(editor.errors, []);
  });
});
