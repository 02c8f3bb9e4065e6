import assert from 'node:assert/strict';
import { Editor, inFlow, pushForm } from '../peers/editor';
import { describeNeeding } from '../peers/needing';
import { resourcesOfSuite } from '../peers/resources';
import { devicesDefaults } from '../peers/test-flow';

/** An OTA devices beside the flow "Push one file". */
const id = 'c2d3e4f506172839';

const words = {
  'en-US': {
    labels: 'Server, Watch, Name',
    help: 'Tells what the OTA server knows of devices',
    outputs: ['the devices', 'what changes'],
  },
  de: {
    labels: 'Server, Beobachten, Name',
    help: 'Sagt, was der OTA-Server über Geräte weiß',
    outputs: ['die Geräte', 'was sich ändert'],
  },
};

for (const [locale, expected] of Object.entries(words)) {
  describeNeeding(['chromium'], `the dialog of an ota-devices in ${locale}`, function () {
    this.timeout(120_000);
    const resources = resourcesOfSuite();
    let editor: Editor;

    before(async () => {
      editor = await resources.use(Editor.open({ locale }));
      await editor.add({ id, type: 'ota-devices', server: inFlow.server, y: 300, ...devicesDefaults });
    });

    it('says under the node how many devices are known', async () => {
      const status = editor.page.locator(`[id="${id}"] .red-ui-flow-node-status-group text`);
      await status.filter({ hasText: /^devices known: \d+$/ }).waitFor();
    });

    it('has every word in this language, and fields of one width', async () => {
      await editor.edit(id);
      assert.equal((await editor.labels(pushForm)).join(', '), expected.labels);
      await editor.inEachFont(async (font) => assert.deepEqual(await editor.cutOff(pushForm), [], font));
      await editor.undoAll();
    });

    it('gives the node a second output while Watch is ticked, which says what it is', async () => {
      await editor.edit(id);
      await editor.page.locator('#node-input-watch').check();
      await editor.leave('ok');
      const outputs = editor.page.locator(`[id="${id}"] .red-ui-flow-port-output`);
      assert.equal(await outputs.count(), 2);
      const labels = [0, 1].map(
        (index) => `RED.nodes.node('${id}')._def.outputLabels.call(RED.nodes.node('${id}'), ${index})`,
      );
      assert.deepEqual(await editor.evaluate(`[${labels.join()}]`), expected.outputs);
      await editor.edit(id);
      await editor.page.locator('#node-input-watch').uncheck();
      await editor.leave('ok');
      assert.equal(await outputs.count(), 1);
    });

    it('has its help in this language, and leaves no error in the console', async () => {
      await (await editor.help('OTA devices')).getByText(expected.help).waitFor();
      assert.deepEqual(editor.errors, []);
    });
  });
}
