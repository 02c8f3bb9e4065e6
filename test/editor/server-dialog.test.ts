import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { deviceKey } from '../../lib/protocol/signature';
import { Editor, inFlow } from '../peers/editor';
import { describeNeeding } from '../peers/needing';
import { resourcesOfSuite } from '../peers/resources';

describeNeeding(['chromium'], 'the dialog of an ota-server', function () {
  this.timeout(120_000);
  const resources = resourcesOfSuite();
  let editor: Editor;

  before(async () => {
    editor = await resources.use(Editor.open());
  });

  beforeEach(async () => {
    await editor.edit(inFlow.push);
    await editor.editServer();
    await editor.unfold('ota-server');
  });

  afterEach(() => editor.undoAll());

  const field = (property: string) => editor.page.locator(`#node-config-input-${property}`);
  const enter = async (property: string, value: string) => {
    await field(property).fill(value);
    await field(property).blur();
  };

  it('has the defaults where nothing was set', async () => {
    const shown: Record<string, string> = {};
    for (const property of ['bind', 'ports', 'topic', 'allow', 'concurrency', 'keep']) {
      shown[property] = await field(property).inputValue();
    }
    assert.deepEqual(shown, { bind: '', ports: '', topic: '{target}/OTA', allow: '', concurrency: '100', keep: '3' });
  });

  it('shows the key of a device with the command that gives it to its board, from a secret that is only typed in yet', async () => {
    await field('format').selectOption('signed');
    const show = async (hostname: string) => {
      await editor.page.locator('#ota-server-key-hostname').fill(hostname);
      await editor.evaluate("void $('#ota-server-key').text('')");
      await editor.page.locator('#ota-server-key-show').click();
      return editor.page.locator('#ota-server-key', { hasText: /./ }).textContent();
    };
    assert.match((await show('nightlamp')) ?? '', /secret of 16 characters/);
    await enter('secret', 'correct horse battery staple');
    await enter('secret', `\${A_SECRET_IN_THE_ENVIRONMENT}`);
    assert.match(
      (await show('nightlamp')) ?? '',
      /secret of 16 characters/,
      'what it stands for is known only when deployed',
    );
    await enter('secret', 'correct horse battery staple');
    assert.match((await show('night lamp')) ?? '', /hostname/);
    const key = deviceKey('correct horse battery staple', 'nightlamp');
    const command = (await show('nightlamp')) ?? '';
    assert.match(command, new RegExp(`ota\\.set_key\\('${key}', \\d{13}\\)`));
    await editor.page.locator('#ota-server-key-copy').click();
    await field('name').focus();
    await editor.page.keyboard.press('Control+V');
    assert.equal(await field('name').inputValue(), command);
  });

  it('asks for a secret, and offers keys, only where announcements are signed', async () => {
    const shown = () => Promise.all(['secret', 'format'].map((property) => field(property).isVisible()));
    assert.deepEqual(await shown(), [false, true]);
    assert.equal(await editor.page.locator('#ota-server-key-row').isVisible(), false);
    await field('format').selectOption('signed');
    assert.deepEqual(await shown(), [true, true]);
    assert.equal(await editor.page.locator('#ota-server-key-row').isVisible(), true);
  });

  it('marks the signed form without a secret, or with a short one, while it is typed', async () => {
    const marked = async () => [await editor.hasError(field('format')), await editor.hasError(field('secret'))];
    await field('format').selectOption('signed');
    assert.deepEqual(await marked(), [true, true]);
    await field('secret').pressSequentially('fifteen letters');
    assert.deepEqual(await marked(), [true, true]);
    await field('secret').press('!');
    assert.deepEqual(await marked(), [false, false]);
    await field('secret').press('Backspace');
    await editor.leave('ok');
    const problems = await editor.evaluate<string[]>(`RED.nodes.node('${inFlow.server}').validationErrors`);
    assert.deepEqual(problems, ['Secret: 16 characters or more, which the signed form needs']);
  });

  it('tests what is typed, before it is deployed: the broker, the host with its rule, a port, and what a firewall needs', async () => {
    const lines = editor.page.locator('#ota-server-test-answer li');
    const test = async (good: number) => {
      await editor.page.locator('#ota-server-test').click();
      await editor.page
        .locator('#ota-server-test-answer .ota-test-good')
        .nth(good - 1)
        .waitFor();
      return lines.allInnerTexts();
    };
    const [broker, host, warning, port] = await test(2);
    assert.match(broker ?? '', /^Connected to the broker 127\.0\.0\.1:\d+\.$/);
    assert.equal(host, 'Announced: 127.0.0.1 (as typed above).');
    assert.match(warning ?? '', /^Announcing 127\.0\.0\.1, which is this machine itself/);
    assert.equal(port, 'A port opens; each push takes any free one.');
    await enter('advertise', 'lamps.lan');
    assert.equal(await lines.count(), 0, 'what was found is not true of another address');
    const taken = createServer();
    resources.defer(() => taken.close());
    await once(taken.listen(0), 'listening');
    const { port: number } = taken.address() as AddressInfo;
    await enter('ports', String(number));
    const found = await test(1);
    assert.match(found[1] ?? '', /^Announced: lamps\.lan \(as typed above\)\. It is a name/);
    assert.equal(found[2], `No port opens: other programs of this machine listen on ${number}.`);
    assert.match(
      found[3] ?? '',
      new RegExp(`TCP, ports ${number}\\.\\s+sudo ufw allow from \\S+ to any port ${number} `),
    );
    await enter('ports', '5-1');
    await editor.page.locator('#ota-server-test').click();
    await lines.filter({ hasText: 'Mend what is red first.' }).waitFor();
  });

  it('says nothing of what was typed when the test began, where it is another by the time that it ends', async () => {
    let letGo: () => void = () => undefined;
    const isHeld = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await editor.page.route('**/ota-server/test', (route) => isHeld.then(() => route.continue()));
    try {
      await editor.page.locator('#ota-server-test').click();
      await enter('advertise', 'lamps.lan');
      const answered = editor.page.waitForResponse('**/ota-server/test');
      letGo();
      await answered;
      await editor.page.locator('#ota-server-test:enabled').waitFor();
      assert.deepEqual(await editor.page.locator('#ota-server-test-answer li').allInnerTexts(), []);
    } finally {
      letGo();
      await editor.page.unroute('**/ota-server/test');
    }
  });

  it('has a link to its help', async () => {
    await editor.page.locator('#node-config-dialog-edit-form .ota-help').click();
    await editor.page.locator('.red-ui-help', { hasText: 'This server as devices see it' }).first().waitFor();
  });

  it('generates a secret of 32 random bytes, and shows it once so that it can be copied', async () => {
    await field('format').selectOption('signed');
    const generate = editor.page.locator('#ota-server-secret-generate');
    await generate.click();
    const first = await field('secret').inputValue();
    assert.match(first, /^[\w-]{43}$/);
    assert.equal(await field('secret').getAttribute('type'), 'text');
    assert.match((await editor.page.locator('#ota-server-secret-hint').textContent()) ?? '', /not shown again/);
    await generate.click();
    assert.notEqual(await field('secret').inputValue(), first);
  });

  it('says what is short or can be guessed of a secret', async () => {
    await field('format').selectOption('signed');
    const hint = editor.page.locator('#ota-server-secret-hint');
    await enter('secret', 'lamp');
    assert.match((await hint.textContent()) ?? '', /Too short/);
    await enter('secret', '1234567890123456');
    assert.match((await hint.textContent()) ?? '', /Easy to guess/);
    for (const good of [
      'correct horse battery staple',
      `\${OTA_MASTER_SECRET}`,
      '$(OTA_MASTER_SECRET)',
      '__PWRD__',
      '',
    ]) {
      await enter('secret', good);
      assert.equal(await hint.isVisible(), false, good);
    }
  });

  it('requires a broker', async () => {
    await field('broker').selectOption('_ADD_');
    assert.equal(await editor.hasError(field('broker')), true);
    await editor.leave('ok');
    assert.equal(await editor.evaluate(`RED.nodes.node('${inFlow.server}').valid`), false);
  });

  it('refuses what the server could not use: says why at the field, and then at the node', async () => {
    const refused = [
      ['ports', '70000'],
      ['ports', '5-1'],
      ['allow', '10.0.0.0/33'],
      ['topic', 'lamps/OTA'],
      ['advertise', 'http://192.168.4.2'],
      ['bind', 'eth0'],
      ['concurrency', '0'],
      ['keep', '21'],
    ] as const;
    for (const [property, value] of refused) {
      await enter(property, value);
      assert.equal(await editor.hasError(field(property)), true, value);
    }
    await field('ports').hover();
    assert.match(
      (await editor.page.locator('.red-ui-popover').textContent()) ?? '',
      /^Ports: one port or a range .* to 65535/,
    );
    await editor.leave('ok');
    const problems = await editor.evaluate<string[]>(`RED.nodes.node('${inFlow.server}').validationErrors`);
    assert.deepEqual(
      problems.map((problem) => problem.split(':')[0]),
      ['Advertised address', 'Listen on', 'Ports', 'Topic', 'Allowed addresses', 'Pushes at once', 'Versions to keep'],
    );
  });

  it('takes valid values, and Deploy brings them to the server', async () => {
    const values = {
      advertise: 'lamps.local',
      ports: '40000-40100',
      allow: '192.168.4.0/24, 10.0.0.7, fd00::/8',
      bind: '::',
      topic: 'house/{target}/OTA',
      concurrency: '8',
      keep: '5',
      name: 'this house',
    };
    for (const [property, value] of Object.entries(values)) {
      await enter(property, value);
      assert.equal(await editor.hasError(field(property)), false, value);
    }
    await editor.leave('ok');
    await editor.leave('ok');
    const deployed = (await editor.deploy()).find(({ id }) => id === inFlow.server);
    assert.deepEqual(deployed, { ...deployed, ...values });
  });

  it('leaves no error in the console of the browser', () => {
    assert.deepEqual(editor.errors, []);
  });
});
