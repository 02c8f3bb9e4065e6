import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Locator } from 'playwright-core';
import { Editor, inFlow } from '../peers/editor';
import { describeNeeding } from '../peers/needing';
import { resourcesOfSuite } from '../peers/resources';
import { pushDefaults } from '../peers/test-flow';

describeNeeding(['chromium'], 'the editor with the demo', function () {
  this.timeout(120_000);
  const resources = resourcesOfSuite();
  let editor: Editor;

  before(async () => {
    editor = await resources.use(Editor.open());
  });

  it('shows the flow "Push one file" with the node and its icon', async () => {
    assert.deepEqual(await editor.page.locator('#red-ui-workspace-tabs .red-ui-tab-label').allInnerTexts(), [
      'Push one file',
    ]);
    const node = editor.page.locator(`[id="${inFlow.push}"]`);
    assert.equal(await node.locator('.red-ui-flow-node-label').textContent(), 'OTA push');
    const icon = await editor.evaluate(`document.getElementById('${inFlow.push}').querySelector('image').href.baseVal`);
    // For an icon that it does not find, Node-RED serves another.
    const served = await fetch(`${editor.url}/${icon}`);
    assert.equal(await served.text(), await readFile(resolve(__dirname, '../../icons/ota-push.svg'), 'utf8'));
  });

  it('has its nodes in the palette, in the category OTA', async () => {
    const category = editor.page.locator('#red-ui-palette-container-OTA');
    assert.equal(await category.locator('.red-ui-palette-header').textContent(), 'OTA');
    assert.deepEqual(
      (await category.locator('.red-ui-palette-label').allInnerTexts()).map((label) => label.replaceAll(/\s+/g, ' ')),
      ['OTA push', 'OTA rollout', 'OTA devices', 'HA update'],
    );
  });

  it('shows the success of a push at the debug sidebar and under the node, with the name of the device', async () => {
    await editor.page.locator('#red-ui-tab-debug-link-button').click();
    await editor.page.locator(`[id="${inFlow.inject}"] .red-ui-flow-node-button-button`).click();
    const message = editor.page.locator('.red-ui-debug-msg', { hasText: 'node: success' });
    assert.match((await message.textContent()) ?? '', /"NIGHTLAMP: success\. .+ main\.py/);
    const status = editor.page.locator(`[id="${inFlow.push}"] .red-ui-flow-node-status-group`);
    await status.locator('.red-ui-flow-node-status-dot-green').waitFor();
    assert.equal(await status.locator('text').textContent(), 'NIGHTLAMP: delivered');
  });

  for (const [index, label] of ['success', 'timeout, failed, cancelled'].entries()) {
    it(`names output ${index + 1} "${label}" where the pointer rests on it`, async () => {
      await editor.page.locator(`[id="${inFlow.push}"] .red-ui-flow-port-output`).nth(index).hover();
      const tooltip = editor.page.locator('.red-ui-flow-port-tooltip');
      assert.equal(await tooltip.textContent(), label);
      await editor.page.mouse.move(0, 0);
      await tooltip.waitFor({ state: 'detached' });
    });
  }

  it('gives a node that is dragged from the palette the defaults', async () => {
    const inPalette = editor.page.locator('.red-ui-palette-node[data-palette-type="ota-push"]');
    await inPalette.dragTo(editor.page.locator('#red-ui-workspace-chart'), { targetPosition: { x: 500, y: 400 } });
    const { id, x, y, z, wires, ...dropped } = await editor.evaluate<Record<string, unknown>>(
      'RED.nodes.convertNode(RED.view.selection().nodes[0])',
    );
    assert.notEqual(id, inFlow.push);
    assert.ok(x && y && z);
    assert.deepEqual(wires, [[], []]);
    assert.deepEqual(dropped, { type: 'ota-push', name: '', server: '', ...pushDefaults });
    await editor.page.keyboard.press('Delete');
  });

  const folder = resolve(__dirname, '../../examples');
  const examples = readdirSync(folder, { recursive: true }).flatMap(
    (path) => /^(.*)\.json$/.exec(String(path))?.[1] ?? [],
  );
  // They need a package that the demo does not have.
  const beyond = ['Fleet page', 'home-assistant/Started by a Home Assistant event'];
  for (const example of examples.filter((name) => !beyond.includes(name))) {
    it(`imports the example "${example}" without an unknown node`, async () => {
      const count = 'RED.nodes.filterNodes({}).filter(({ type }) => /^ota-(push|rollout)$/.test(type)).length';
      const before = await editor.evaluate<number>(count);
      await editor.evaluate('RED.actions.invoke("core:show-examples-import-dialog")');
      const tree = editor.page.locator('#red-ui-clipboard-dialog-import-tab-examples .red-ui-treeList-label:visible');
      const parts = ['node-red-contrib-ota-push', ...example.split('/')];
      const labels = parts.map((part) => tree.filter({ hasText: new RegExp(`^\\s*${part}\\s*$`) }));
      const ok = editor.page.locator('#red-ui-clipboard-dialog-ok:enabled');
      for (const [index, label] of labels.entries()) await clickUntil(label, labels[index + 1] ?? ok);
      await ok.click();
      // The demo runs this one: its nodes are there already.
      if (example === 'Push one file') {
        await editor.page.locator('.red-ui-notification button', { hasText: 'Import copy' }).click();
      }
      await editor.page.waitForFunction(`${count} === ${before + 1}`);
      assert.equal(await editor.evaluate('RED.nodes.filterNodes({ type: "unknown" }).length'), 0);
      assert.deepEqual(await editor.evaluate('RED.nodes.filterNodes({}).filter(({ valid }) => !valid).length'), 0);
    });
  }

  it('leaves no error in the console of the browser', () => {
    assert.deepEqual(editor.errors, []);
  });
});

/** The editor swallows a click while the dialog is still sliding in. @param next what the click is to bring up */
async function clickUntil(label: Locator, next: Locator): Promise<void> {
  const isUp = () =>
    next.waitFor({ timeout: 3000 }).then(
      () => true,
      () => false,
    );
  do await label.click();
  while (!(await isUp()));
}
