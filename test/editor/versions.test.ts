import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { faintTexts } from '../peers/contrast';
import { Editor, pushForm, serverForm } from '../peers/editor';
import { connectClient } from '../peers/mqtt-client';
import { describeNeeding } from '../peers/needing';
import { NodeRedProcess } from '../peers/node-red-process';
import { installPacked } from '../peers/packed';
import { resourcesOfSuite } from '../peers/resources';
import { root } from '../peers/root';
import { haUpdateDefaults, pushDefaults, rolloutDefaults, serverDefaults } from '../peers/test-flow';
import { runtimeIn } from '../peers/versions';

/** Where there is one to drop a node of each type on: one below the other. */
const wires = { 'ota-push': 60, 'ota-rollout': 140 };

interface Point {
  readonly x: number;
  readonly y: number;
}

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
      editor.page.setDefaultTimeout(20_000);
    });

    afterEach(() => editor.undoAll());

    const inPalette = (type: string) => editor.page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);

    const search = async (word: string) => {
      const field = editor.page.locator('#red-ui-palette-search input');
      await field.fill('');
      await field.pressSequentially(word);
      await inPalette('inject').waitFor({ state: 'hidden' });
      await editor.page.waitForFunction("$(':animated').length === 0");
    };

    for (const [type, y] of Object.entries(wires)) {
      it(`puts an ${type} that is dropped on a wire into it`, async () => {
        await search('ota');
        const ends = [`inject ${y}`, `debug ${y}`].map((id) =>
          centerOf(editor.page.locator(`[id="${id}"] rect`).first()),
        );
        const [one, other] = (await Promise.all(ends)) as [Point, Point];
        const wire = { x: (one.x + other.x) / 2, y: one.y };
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

    it('offers the nodes at an input that is clicked with the Ctrl key', async () => {
      const input = await centerOf(editor.page.locator('[id="debug 140"] .red-ui-flow-port-input'));
      await editor.page.keyboard.down('Control');
      await editor.page.mouse.move(input.x, input.y);
      await editor.page.mouse.down();
      await editor.page.mouse.up();
      await editor.page.locator('.red-ui-flow-drag-line').waitFor({ state: 'attached' });
      await editor.page.mouse.click(input.x - 80, input.y + 200);
      await editor.page.keyboard.up('Control');
      await editor.page.locator('#red-ui-type-search-input').pressSequentially('ota-');
      const found = editor.page.locator('.red-ui-search-result-node-label:visible');
      await found
        .filter({ hasText: /^inject$/ })
        .first()
        .waitFor({ state: 'detached' });
      const labels = (await found.allInnerTexts()).map((label) => label.replace(/ \(.*/, ''));
      assert.deepEqual(labels.sort(), ['HA update', 'OTA devices', 'OTA push', 'OTA rollout']);
      await editor.page.keyboard.press('Escape');
      await editor.page.locator('#red-ui-type-search-input').waitFor({ state: 'hidden' });
    });

    for (const word of ['micropython', 'ESP8266', 'esp32', 'firmware', 'update', 'ota']) {
      it(`finds the nodes in the palette by "${word}"`, async () => {
        await search(word);
        const shown = await Promise.all(
          ['ota-push', 'ota-rollout', 'ota-devices', 'ota-ha-update'].map((type) => inPalette(type).isVisible()),
        );
        assert.deepEqual(shown, [true, true, true, true]);
      });
    }

    it('says under each node after a deploy that the broker is connected', async () => {
      for (const id of ['push', 'rollout']) {
        const status = editor.page.locator(`[id="${id}"] .red-ui-flow-node-status-group text`);
        await status.filter({ hasText: /^connected$/ }).waitFor();
      }
    });

    it('says under the node, when it was mended and deployed, nothing of an input that was bad before', async () => {
      const status = editor.page.locator('[id="push"] .red-ui-flow-node-status-group text');
      await editor.page.locator('[id="wrong"] .red-ui-flow-node-button-button').click();
      await status.filter({ hasText: /^bad input$/ }).waitFor();
      await editor.edit('push');
      await editor.page.locator('#node-input-name').fill('mended');
      await editor.leave('ok');
      await editor.deploy();
      await status.filter({ hasText: /^connected$/ }).waitFor();
    });

    for (const [type, id] of Object.entries({ 'ota-push': 'push', 'ota-rollout': 'rollout', 'ota-server': 'push' })) {
      it(`shows the dialog of an ${type} whole, and its help`, async () => {
        const form = type === 'ota-server' ? serverForm : pushForm;
        await editor.edit(id);
        if (type === 'ota-server') await editor.editServer();
        await editor.resize(500);
        await editor.unfold(type);
        await editor.inEachFont(async (font) => assert.deepEqual(await editor.cutOff(form), [], font));
        await editor.page.locator(`${form} .ota-help`).click();
        await editor.page.locator('.red-ui-help h1', { hasText: /^OTA/ }).first().waitFor();
      });
    }

    it('offers a device that has reported while its hostname is typed', async () => {
      const client = await connectClient(resources, broker.url);
      const report = JSON.stringify({ state: 'running', file: 'main.py', hash: '0'.repeat(40) });
      await client.publishAsync('lamp-7/OTA/status', report, { qos: 1, retain: true });
      const offered = editor.page.locator('.red-ui-autoComplete-container:visible a');
      for (const [id, typed] of [
        ['push', 'lamp'],
        ['rollout', 'fan, lamp'],
      ] as const) {
        await editor.edit(id);
        if (id === 'push') await editor.enter('target', 'str', '');
        const field =
          id === 'push' ? editor.typed('target').locator('input') : editor.page.locator('#node-input-targets');
        // The editor swallows a click now and then while its list is still sliding open.
        do {
          await field.fill('');
          await field.pressSequentially(typed);
          // The list for all that was typed: those before are replaced, also under a click.
          await offered.filter({ hasText: /^lamp$/ }).waitFor();
          await offered.filter({ hasText: 'lamp-7' }).click();
        } while ((await field.inputValue()) === typed);
        assert.equal(await field.inputValue(), typed.replace('lamp', 'lamp-7'));
        await editor.leave('cancel');
      }
    });

    it('tests the server in its dialog', async () => {
      await editor.edit('push');
      await editor.editServer();
      await editor.page.locator('#ota-server-test').click();
      const good = editor.page.locator('#ota-server-test-answer .ota-test-good');
      await good.filter({ hasText: `Connected to the broker 127.0.0.1:${broker.port}.` }).waitFor();
      await good.filter({ hasText: 'A port opens' }).waitFor();
    });

    // The class is that of Node-RED 5; those before have no dark theme of their own.
    for (const theme of version === '5' ? ['light', 'dark'] : ['light']) {
      it(`can be read in its ${theme} theme, in every dialog`, async () => {
        await editor.evaluate(`document.documentElement.classList.toggle('nr-theme-dark', ${theme === 'dark'})`);
        for (const [type, id] of Object.entries({
          'ota-rollout': 'rollout',
          'ota-ha-update': 'update',
          'ota-push': 'push',
        })) {
          await editor.edit(id);
          await editor.unfold(type);
          assert.deepEqual(await faintTexts(editor.page, pushForm), [], type);
          if (type !== 'ota-push') await editor.leave('cancel');
        }
        await editor.editServer();
        await editor.unfold('ota-server');
        await editor.page.locator('#node-config-input-format').selectOption('signed');
        await editor.page.locator('#ota-server-test').click();
        await editor.page.locator('#ota-server-test-answer .ota-test-good').first().waitFor();
        assert.deepEqual(await faintTexts(editor.page, serverForm), [], 'ota-server');
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

async function centerOf(locator: Locator): Promise<Point> {
  const box = await locator.boundingBox();
  assert.ok(box);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** A node with all that the editor saves for it: it asks before it deploys one that lacks something. */
function ofExample(type: string): Record<string, unknown> {
  const nodes: { type: string }[] = JSON.parse(readFileSync(join(root, 'examples/Push one file.json'), 'utf8'));
  return { ...nodes.find((node) => node.type === type) };
}

function flowOf(port: number) {
  const z = 'tab';
  return [
    { id: z, type: 'tab', label: 'Versions' },
    { ...ofExample('mqtt-broker'), id: 'broker', broker: '127.0.0.1', port: String(port) },
    { id: 'server', type: 'ota-server', ...serverDefaults, broker: 'broker', advertise: '127.0.0.1' },
    ...Object.values(wires).flatMap((y) => [
      { ...ofExample('inject'), id: `inject ${y}`, name: 'inject', z, x: 150, y, wires: [[`debug ${y}`]] },
      { id: `debug ${y}`, z, x: 650, y, type: 'debug', active: true, complete: 'false', wires: [] },
    ]),
    { id: 'push', z, x: 300, y: 300, type: 'ota-push', ...pushDefaults, server: 'server', wires: [[], []] },
    { id: 'rollout', z, x: 300, y: 380, type: 'ota-rollout', ...rolloutDefaults, server: 'server', wires: [[], []] },
    { id: 'update', z, x: 300, y: 460, type: 'ota-ha-update', ...haUpdateDefaults, server: 'server', wires: [[]] },
    { ...ofExample('inject'), id: 'wrong', name: 'wrong', z, x: 200, y: 220, props: [], wires: [['push']] },
  ];
}
