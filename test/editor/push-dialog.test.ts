import assert from 'node:assert/strict';
import { Editor, pushForm } from '../peers/editor';

/** The OTA push of the flow "Push one file". */
const pushId = 'd86f031b9e4ca257';

const anyText = ['msg', 'str', 'env', 'flow', 'global', 'jsonata'];

describe('the dialog of an ota-push', function () {
  this.timeout(60_000);
  let editor: Editor;

  before(async () => {
    editor = await Editor.open();
  });

  after(() => editor?.close());

  beforeEach(() => editor.edit(pushId));

  afterEach(async () => {
    if (await editor.page.locator(pushForm).isVisible()) await editor.leave('cancel');
    while (await editor.evaluate<boolean>('RED.nodes.dirty()')) {
      await editor.evaluate('RED.actions.invoke("core:undo")');
    }
  });

  const labels = async () => {
    const shown = editor.page.locator(pushForm).locator('label:visible, summary');
    return (await shown.allInnerTexts()).map((label) => label.trim());
  };
  const unfold = () => editor.page.locator('#ota-push-more summary').click();
  const nodeLabel = () => editor.page.locator(`[id="${pushId}"] .red-ui-flow-node-label`).textContent();
  const isMarked = () => editor.page.locator(`[id="${pushId}"] .red-ui-flow-node-error`).isVisible();

  it('asks for server, device, file and file name, and for the rest under More', async () => {
    assert.deepEqual(await labels(), ['Server', 'Device', 'File', 'File name', 'More', 'Name']);
    await unfold();
    assert.deepEqual(await labels(), [
      'Server',
      'Device',
      'File',
      'File name',
      'More',
      'Restart',
      'Timeout (s)',
      'Name',
    ]);
  });

  it('has all fields of one width, each beside its label', async () => {
    await unfold();
    const boxes = await editor.evaluate<{ left: number; right: number; labelHeight: number }[]>(
      `[...document.querySelectorAll('${pushForm} .form-row')].map((row) => {
        const field = row.querySelector('.red-ui-typedInput-container, div, input');
        const { left, right } = field.getBoundingClientRect();
        return { left: Math.round(left), right: Math.round(right), labelHeight: row.querySelector('label').offsetHeight };
      })`,
    );
    assert.equal(boxes.length, 7);
    for (const box of boxes) assert.deepEqual(box, boxes[0]);
  });

  for (const [property, types] of Object.entries({
    target: anyText,
    file: ['msg', 'flow', 'global', 'jsonata'],
    filename: anyText,
    reboot: ['bool', 'msg', 'env', 'flow', 'global', 'jsonata'],
    timeout: ['num', 'msg', 'env'],
  })) {
    it(`offers ${types.join(', ')} for the ${property}`, async () => {
      await unfold();
      await editor.typed(property).locator('.red-ui-typedInput-type-select').click();
      const menu = '.red-ui-typedInput-options:not([style*="display: none"]) a';
      assert.deepEqual(
        await editor.evaluate(`[...document.querySelectorAll('${menu}')].map((item) => item.getAttribute('value'))`),
        types,
      );
      await editor.page.locator(menu).first().click();
    });
  }

  for (const [property, type, value, reason] of [
    ['target', 'str', 'a b', /^Device: .* without space/],
    ['target', 'str', 'x/y', /^Device: /],
    ['target', 'str', '$SYS', /^Device: .* not beginning with \$/],
    ['filename', 'str', '../boot.py', /^File name: .* not leaving its folder/],
    ['timeout', 'num', '0', /^Timeout \(s\): seconds, more than 0/],
    ['timeout', 'num', '86401', /^Timeout \(s\): .* at most 86400/],
  ] as const) {
    it(`refuses ${value} as ${property}: says why at the field, and marks the node`, async () => {
      await unfold();
      await editor.enter(property, type, value);
      assert.match((await editor.typed(property).getAttribute('class')) ?? '', /\binput-error\b/);
      assert.match((await editor.typed(property).getAttribute('title')) ?? '', reason);
      await editor.leave('ok');
      assert.equal(await isMarked(), true);
      const [problem] = await editor.evaluate<string[]>(`RED.nodes.node('${pushId}').validationErrors`);
      assert.match(problem ?? '', reason);
    });
  }

  it('takes valid values, and shows all of them when it is opened again', async () => {
    const values = {
      target: ['str', 'NIGHTLAMP'],
      file: ['flow', 'firmware'],
      filename: ['str', 'lib/lamp.py'],
      reboot: ['msg', 'restart'],
      timeout: ['num', '2.5'],
    } as const;
    await unfold();
    for (const [property, [type, value]] of Object.entries(values)) await editor.enter(property, type, value);
    await editor.page.locator('#node-input-name').fill('night lamp');
    assert.equal(await editor.page.locator(`${pushForm} .input-error`).count(), 0);
    await editor.leave('ok');
    assert.equal(await isMarked(), false);
    await editor.edit(pushId);
    for (const [property, [type, value]] of Object.entries(values)) {
      assert.equal(await editor.page.locator(`#node-input-${property}Type`).inputValue(), type);
      // What differs from the defaults is not hidden under More.
      assert.equal(await editor.typed(property).isVisible(), true);
      assert.equal(await editor.typed(property).locator('input').inputValue(), value);
    }
    assert.equal(await editor.page.locator('#node-input-name').inputValue(), 'night lamp');
    assert.notEqual(await editor.page.locator('#node-input-server').inputValue(), '_ADD_');
  });

  it('requires a server', async () => {
    await editor.page.locator('#node-input-server').selectOption('_ADD_');
    assert.match((await editor.page.locator('#node-input-server').getAttribute('class')) ?? '', /\binput-error\b/);
    await editor.leave('ok');
    assert.equal(await isMarked(), true);
  });

  it('labels the node with its name, else the fixed device, else what the palette says', async () => {
    await editor.enter('target', 'str', 'NIGHTLAMP');
    await editor.leave('ok');
    assert.equal(await nodeLabel(), 'NIGHTLAMP');
    await editor.edit(pushId);
    await editor.page.locator('#node-input-name').fill('the lamp');
    await editor.leave('ok');
    assert.equal(await nodeLabel(), 'the lamp');
    await editor.edit(pushId);
    await editor.page.locator('#node-input-name').fill('');
    await editor.enter('target', 'msg', 'device');
    await editor.leave('ok');
    assert.equal(await nodeLabel(), 'OTA push');
  });

  it('leaves no error in the console of the browser', () => {
    assert.deepEqual(editor.errors, []);
  });
});
