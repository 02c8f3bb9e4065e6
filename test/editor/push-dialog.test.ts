import assert from 'node:assert/strict';
import { Editor, inFlow, pushForm } from '../peers/editor';
import { describeNeeding } from '../peers/needing';
import { resourcesOfSuite } from '../peers/resources';
import { pushDefaults } from '../peers/test-flow';

const anyText = ['msg', 'str', 'env', 'flow', 'global', 'jsonata'];

describeNeeding(['chromium'], 'the dialog of an ota-push', function () {
  this.timeout(120_000);
  const resources = resourcesOfSuite();
  let editor: Editor;

  before(async () => {
    editor = await resources.use(Editor.open());
  });

  beforeEach(async () => {
    await editor.edit(inFlow.push);
    await editor.unfold('ota-push');
  });

  afterEach(() => editor.undoAll());

  const nodeLabel = () => editor.page.locator(`[id="${inFlow.push}"] .red-ui-flow-node-label`).textContent();

  it('has all fields of one width, each beside its label', async () => {
    await editor.inEachFont(async (font) => {
      const boxes = await editor.fieldBoxes();
      assert.equal(boxes.length, 15);
      for (const box of boxes) assert.deepEqual(box, boxes[0], font);
    });
  });

  it('asks for the online topic where it counts, and for no time to wait where nothing is waited for', async () => {
    const isShown = (property: string) => editor.page.locator(`#node-input-${property}`).isVisible();
    assert.deepEqual([await isShown('onlineTopic'), await isShown('verifyTimeout')], [false, true]);
    await editor.page.locator('#node-input-verify').selectOption('online');
    assert.deepEqual([await isShown('onlineTopic'), await isShown('verifyTimeout')], [true, true]);
    await editor.leave('ok');
    assert.equal(await editor.isMarked(inFlow.push), true);
    await editor.edit(inFlow.push);
    await editor.page.locator('#node-input-onlineTopic').fill('{target}/online');
    await editor.page.locator('#node-input-verify').selectOption('delivered');
    assert.deepEqual([await isShown('onlineTopic'), await isShown('verifyTimeout')], [false, false]);
    await editor.page.locator('#node-input-verify').selectOption('online');
    await editor.leave('ok');
    assert.equal(await editor.isMarked(inFlow.push), false);
  });

  it('offers for each property the sources that it can come from', async () => {
    const offered: Record<string, string[]> = {};
    for (const property of ['target', 'file', 'filename', 'reboot', 'timeout']) {
      await editor.typed(property).locator('.red-ui-typedInput-type-select').click();
      const items = '[...document.querySelectorAll(".red-ui-typedInput-options a")]';
      offered[property] = await editor.evaluate(
        `${items}.filter((item) => item.offsetParent).map((item) => item.getAttribute('value'))`,
      );
      await editor.page.locator('.red-ui-typedInput-options:visible a').first().click();
    }
    assert.deepEqual(offered, {
      target: anyText,
      file: ['msg', 'flow', 'global', 'jsonata'],
      filename: anyText,
      reboot: ['bool', 'msg', 'env', 'flow', 'global', 'jsonata'],
      timeout: ['num', 'msg', 'env'],
    });
  });

  it('offers devices that the server knows while a hostname is typed, and leaves one as it is that it does not know', async () => {
    const offered = editor.page.locator('.red-ui-autoComplete-container:visible a');
    const input = editor.typed('target').locator('input');
    await editor.enter('target', 'str', '');
    await input.pressSequentially('night');
    await offered.filter({ hasText: /^night$/ }).waitFor();
    assert.deepEqual(await offered.allInnerTexts(), ['night', 'NIGHTLAMP']);
    await input.press('Tab');
    assert.equal(await editor.page.locator('#node-input-target').inputValue(), 'night');
    await input.fill('');
    await input.pressSequentially('l');
    await offered.filter({ hasText: 'NIGHTLAMP' }).click();
    await editor.leave('ok');
    assert.equal(await editor.evaluate(`RED.nodes.node('${inFlow.push}').target`), 'NIGHTLAMP');
  });

  it('has an empty field for who chooses to type the device or the file name in, and the property of the message for who goes back', async () => {
    for (const property of ['target', 'filename']) {
      const input = editor.typed(property).locator('input');
      const choose = async (type: string) => {
        await editor.typed(property).locator('.red-ui-typedInput-type-select').click();
        await editor.page.locator(`.red-ui-typedInput-options:visible a[value="${type}"]`).click();
        return input.inputValue();
      };
      assert.deepEqual([await choose('str'), await choose('msg')], ['', property]);
      await choose('str');
      await input.fill('lamp.py');
      assert.deepEqual([await choose('env'), await choose('msg')], ['lamp.py', 'lamp.py']);
    }
  });

  it('refuses what cannot be sent: says why at the field, and then at the node', async () => {
    const refused = [
      ['target', 'str', 'a b', /^Device: .* without space/],
      ['target', 'str', 'x/y', /^Device: /],
      ['target', 'str', '$SYS', /^Device: .* not beginning with \$/],
      ['filename', 'str', '../boot.py', /^File name: .* not leaving its folder/],
      ['timeout', 'num', '86401', /^Timeout \(s\): .* at most 86400/],
      ['timeout', 'num', '0', /^Timeout \(s\): seconds, more than 0/],
    ] as const;
    for (const [property, type, value, reason] of refused) {
      await editor.enter(property, type, value);
      assert.equal(await editor.hasError(editor.typed(property)), true, value);
      assert.match((await editor.typed(property).getAttribute('title')) ?? '', reason);
    }
    await editor.leave('ok');
    assert.equal(await editor.isMarked(inFlow.push), true);
    const problems = await editor.evaluate<string[]>(`RED.nodes.node('${inFlow.push}').validationErrors`);
    assert.deepEqual(
      problems.map((problem) => problem.split(':')[0]),
      ['Device', 'File name', 'Timeout (s)'],
    );
  });

  it('takes valid values, and shows all of them when it is opened again', async () => {
    const values = {
      target: ['str', 'NIGHTLAMP'],
      file: ['flow', 'firmware'],
      filename: ['str', 'lib/lamp.py'],
      reboot: ['msg', 'restart'],
      timeout: ['num', '2.5'],
    } as const;
    for (const [property, [type, value]] of Object.entries(values)) {
      await editor.enter(property, type, 'a|b');
      await editor.enter(property, type, value);
      assert.equal(await editor.hasError(editor.typed(property)), false, property);
      assert.equal((await editor.typed(property).getAttribute('title')) ?? '', '');
    }
    await editor.page.locator('#node-input-name').fill('night lamp');
    await editor.leave('ok');
    assert.equal(await editor.isMarked(inFlow.push), false);
    await editor.edit(inFlow.push);
    for (const [property, [type, value]] of Object.entries(values)) {
      assert.equal(await editor.page.locator(`#node-input-${property}Type`).inputValue(), type);
      // What differs from the defaults is not hidden under More.
      assert.equal(await editor.typed(property).locator('input').isVisible(), true);
      assert.equal(await editor.typed(property).locator('input').inputValue(), value);
    }
    assert.equal(await editor.page.locator('#node-input-name').inputValue(), 'night lamp');
    assert.notEqual(await editor.page.locator('#node-input-server').inputValue(), '_ADD_');
  });

  it('checks Python, also where the node is of a version that had no such property, until it is told not to', async () => {
    assert.equal(await editor.evaluate(`RED.nodes.node('${inFlow.push}').check`), undefined);
    const field = editor.page.locator('#node-input-check');
    assert.equal(await field.isChecked(), true);
    await editor.leave('ok');
    assert.equal(await editor.evaluate(`RED.nodes.node('${inFlow.push}').check`), true);
    await editor.edit(inFlow.push);
    await editor.unfold('ota-push');
    await field.uncheck();
    await editor.leave('ok');
    await editor.edit(inFlow.push);
    // What differs from the defaults is not hidden under More.
    assert.deepEqual([await field.isVisible(), await field.isChecked()], [true, false]);
  });

  it('ticks a box when somebody clicks the text beside it', async () => {
    for (const [property, text] of Object.entries({
      check: 'Check Python before it is sent',
      skipUnchanged: 'skip a file that the device has',
      progress: 'a third output tells how far it is',
    })) {
      const box = editor.page.locator(`#node-input-${property}`);
      const before = await box.isChecked();
      await editor.page.getByText(text, { exact: true }).click();
      assert.equal(await box.isChecked(), !before, property);
      // What is read aloud.
      assert.equal(await editor.page.getByRole('checkbox', { name: text }).count(), 1, property);
    }
  });

  it('has a link to its help', async () => {
    await editor.page.locator(`${pushForm} .ota-help`).click();
    await editor.page.locator('.red-ui-help', { hasText: 'Pushes a file to a MicroPython device' }).first().waitFor();
  });

  it('marks the signed form as long as the server has no secret to sign with, and says where it is missing', async () => {
    const format = editor.page.locator('#node-input-format');
    const isMarked = () => editor.hasError(format);
    await format.selectOption('signed');
    await editor.page.locator('#node-input-format.input-error').waitFor();
    await editor.leave('ok');
    assert.equal(await editor.isMarked(inFlow.push), true);
    const problems = await editor.evaluate<string[]>(`RED.nodes.node('${inFlow.push}').validationErrors`);
    assert.deepEqual(problems, ['Announcement: signed needs a secret of 16 characters or more in the OTA server']);
    await editor.edit(inFlow.push);
    assert.equal(await isMarked(), true);
    await editor.editServer();
    await editor.page.locator('#node-config-input-format').selectOption('signed');
    await editor.page.locator('#ota-server-secret-generate').click();
    await editor.leave('ok');
    assert.equal(await isMarked(), false);
    await editor.leave('ok');
    assert.equal(await editor.isMarked(inFlow.push), false);
  });

  it('marks a node that signs without a secret also where nobody has opened a dialog yet', async () => {
    const id = 'c0b1c2d3e4f50617';
    await editor.undoAll();
    await editor.add({ id, type: 'ota-push', ...pushDefaults, server: inFlow.server, format: 'signed', y: 300 });
    await editor.page.locator(`[id="${id}"] .red-ui-flow-node-error`).waitFor();
    assert.equal(await editor.evaluate('RED.nodes.dirty()'), false);
    await editor.edit(inFlow.push);
  });

  it('asks again whether the server has a secret where no answer came', async () => {
    const id = 'c0b1c2d3e4f50618';
    await editor.undoAll();
    const secrets = `**/credentials/ota-server/${inFlow.server}`;
    await editor.page.route(secrets, (route) => route.fulfill({ contentType: 'application/json', body: '' }), {
      times: 1,
    });
    const failed = editor.page.waitForResponse(secrets);
    await editor.add({ id, type: 'ota-push', ...pushDefaults, server: inFlow.server, format: 'signed', y: 360 });
    await failed;
    await editor.edit(id);
    await editor.page.locator('#node-input-format.input-error').waitFor({ state: 'attached' });
  });

  it('requires a server', async () => {
    await editor.page.locator('#node-input-server').selectOption('_ADD_');
    assert.equal(await editor.hasError(editor.page.locator('#node-input-server')), true);
    await editor.leave('ok');
    assert.equal(await editor.isMarked(inFlow.push), true);
  });

  it('labels the node with its name, else the fixed device, else what the palette says', async () => {
    await editor.enter('target', 'str', 'NIGHTLAMP');
    await editor.leave('ok');
    assert.equal(await nodeLabel(), 'NIGHTLAMP');
    await editor.edit(inFlow.push);
    await editor.page.locator('#node-input-name').fill('the lamp');
    await editor.leave('ok');
    assert.equal(await nodeLabel(), 'the lamp');
    await editor.edit(inFlow.push);
    await editor.page.locator('#node-input-name').fill('');
    await editor.enter('target', 'msg', 'device');
    await editor.leave('ok');
    assert.equal(await nodeLabel(), 'OTA push');
  });

  it('leaves no error in the console of the browser', () => {
    assert.deepEqual(editor.errors, []);
  });
});
