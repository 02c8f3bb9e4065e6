import assert from 'node:assert/strict';
import { Editor, pushForm } from '../peers/editor';
import { describeNeeding } from '../peers/needing';
import { resourcesOfSuite } from '../peers/resources';
import { haUpdateDefaults } from '../peers/test-flow';

/** An HA update beside the flow "Push one file". */
const id = 'b1c2d3e4f5061728';

const words = {
  'en-US': {
    labels: 'Server, More, Check, Discovery prefix, Base topic, Name',
    help: 'Makes devices show up in Home Assistant as update entities',
  },
  de: {
    labels: 'Server, Mehr, Prüfung, Discovery-Präfix, Basis-Topic, Name',
    help: 'Zeigt Geräte in Home Assistant als Update-Entitäten',
  },
};

for (const [locale, expected] of Object.entries(words)) {
  describeNeeding(['chromium'], `the dialog of an ota-ha-update in ${locale}`, function () {
    this.timeout(120_000);
    const resources = resourcesOfSuite();
    let editor: Editor;

    before(async () => {
      editor = await resources.use(Editor.open({ locale }));
      await editor.add({ id, type: 'ota-ha-update', server: '', ...haUpdateDefaults });
    });

    afterEach(() => editor.undoAll());

    it('has every word in this language, the topics folded, and fields of one width', async () => {
      await editor.edit(id);
      assert.equal(await editor.page.locator('#node-input-prefix').isVisible(), false);
      await editor.unfold('ota-ha-update');
      assert.equal((await editor.labels(pushForm)).join(', '), expected.labels);
      await editor.inEachFont(async (font) => {
        const boxes = await editor.fieldBoxes();
        assert.equal(boxes.length, 5);
        for (const box of boxes) assert.deepEqual(box, boxes[0], font);
        assert.deepEqual(await editor.cutOff(pushForm), [], font);
      });
    });

    it('marks a topic that none can publish on', async () => {
      await editor.edit(id);
      await editor.unfold('ota-ha-update');
      const field = editor.page.locator('#node-input-baseTopic');
      await field.fill('house/#');
      await field.blur();
      assert.equal(await editor.hasError(field), true);
    });

    it('has its help in this language, and leaves no error in the console', async () => {
      await (await editor.help('HA update')).getByText(expected.help).waitFor();
      assert.deepEqual(editor.errors, []);
    });
  });
}
