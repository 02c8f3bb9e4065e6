import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { Editor } from '../peers/editor';
import { describeNeeding } from '../peers/needing';
import { NodeRedProcess } from '../peers/node-red-process';
import { installPacked } from '../peers/packed';
import { resourcesOfSuite } from '../peers/resources';
import { pushDefaults, serverDefaults } from '../peers/test-flow';
import { runtimeIn } from '../peers/versions';

const versions = { '3.1': 'node-18.5', 4: 'node-18', 5: 'node-24' } as const;

for (const [version, folder] of Object.entries(versions)) {
  describeNeeding(['versions', 'chromium'], `the editor of Node-RED ${version}`, function () {
    this.timeout(180_000);
    const resources = resourcesOfSuite();
    let broker: AedesBroker;
    let editor: Editor;

    before(async () => {
      broker = await resources.use(startAedes());
      const userDir = await installPacked(resources);
      await writeFile(join(userDir, 'flows.json'), JSON.stringify(flowOf(broker.port)));
      const runtime = runtimeIn(folder);
      const nodeRed = await resources.use(NodeRedProcess.start(userDir, 'flows.json', { runtime }));
      editor = await resources.use(Editor.open({ at: nodeRed.url }));
      editor.page.setDefaultTimeout(5000);
    });

    afterEach(() => editor.undoAll());

    const inPalette = (type: string) => editor.page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);

    const search = async (word: string) => {
      const field = editor.page.locator('#red-ui-palette-search input');
      await field.fill('');
      await field.pressSequentially(word);
      await inPalette('inject').waitFor({ state: 'hidden' });
    };

    for (const type of ['ota-push', 'ota-rollout']) {
      it(`puts an ${type} that is dropped on a wire into it`, async () => {
        await search('ota');
        const wire = await centerOf(editor.page.locator('.red-ui-flow-link-line').first());
        // The palette is still sliding.
        await inPalette(type).hover();
        const from = await centerOf(inPalette(type));
        await editor.page.mouse.move(from.x, from.y);
        await editor.page.mouse.down();
        // The editor looks only so often for the wire below, and only while the mouse moves.
        do await editor.page.mouse.move(wire.x, wire.y, { steps: 5 });
        while ((await editor.page.locator('.red-ui-flow-link-splice').count()) === 0);
        await editor.page.mouse.up();
        assert.deepEqual(await editor.evaluate(linksOfSelected), ['inject > node', 'node > debug']);
      });
    }

    it('offers OTA push and OTA rollout at an input that is clicked with the Ctrl key', async () => {
      const input = await centerOf(editor.page.locator('[id="debug"] .red-ui-flow-port-input'));
      await editor.page.keyboard.down('Control');
      await editor.page.mouse.move(input.x, input.y);
      await editor.page.mouse.down();
      await editor.page.mouse.up();
      await editor.page.mouse.click(input.x - 80, input.y + 200);
      await editor.page.keyboard.up('Control');
      await editor.page.locator('#red-ui-type-search-input').pressSequentially('ota-');
      const found = editor.page.locator('.red-ui-search-result-node-label:visible');
      await found
        .filter({ hasText: /^inject$/ })
        .first()
        .waitFor({ state: 'detached' });
      const labels = (await found.allInnerTexts()).map((label) => label.replace(/ \(.*/, ''));
      assert.deepEqual(labels.sort(), ['HA update', 'OTA push', 'OTA rollout']);
      await editor.page.keyboard.press('Escape');
    });

    for (const word of ['micropython', 'ESP8266', 'esp32', 'firmware', 'update', 'ota']) {
      it(`finds the nodes in the palette by "${word}"`, async () => {
        await search(word);
        const shown = await Promise.all(
          ['ota-push', 'ota-rollout', 'ota-ha-update'].map((type) => inPalette(type).isVisible()),
        );
        assert.deepEqual(shown, [true, true, true]);
      });
    }

    it('leaves no error in the console of the browser', () => {
      assert.deepEqual(editor.errors, []);
    });
  });
}

/** The wires of the node that was just added, by the types of their ends. */
const linksOfSelected = `(() => {
  const [node] = RED.view.selection().nodes;
  const name = (one) => one === node ? 'node' : one.type;
  return RED.nodes.getNodeLinks(node, 1).concat(RED.nodes.getNodeLinks(node, 0))
    .map(({ source, target }) => name(source) + ' > ' + name(target));
})()`;

async function centerOf(locator: Locator): Promise<{ x: number; y: number }> {
  const box = await locator.boundingBox();
  assert.ok(box);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

function flowOf(port: number) {
  const z = 'tab';
  return [
    { id: z, type: 'tab', label: 'Versions' },
    { id: 'broker', type: 'mqtt-broker', broker: '127.0.0.1', port: String(port), protocolVersion: '4' },
    { id: 'server', type: 'ota-server', ...serverDefaults, broker: 'broker', advertise: '127.0.0.1' },
    { id: 'inject', z, x: 150, y: 140, type: 'inject', props: [{ p: 'payload' }], wires: [['debug']] },
    { id: 'debug', z, x: 650, y: 140, type: 'debug', active: true, complete: 'false', wires: [] },
    { id: 'push', z, x: 300, y: 300, type: 'ota-push', ...pushDefaults, server: 'server', wires: [[], []] },
  ];
}
