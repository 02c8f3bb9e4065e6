import assert from 'node:assert/strict';
import { Editor } from '../peers/editor';
import { exampleNames, nodesOf } from '../peers/example';
import { describeNeeding } from '../peers/needing';
import { resourcesOfSuite } from '../peers/resources';

describeNeeding(['chromium'], 'The example flows on the canvas', function () {
  this.timeout(120_000);
  const resources = resourcesOfSuite();
  let editor: Editor;

  before(async () => {
    editor = await resources.use(Editor.open());
  });

  for (const name of exampleNames()) {
    it(`show every node and wire of "${name}" within 1,000 px, none behind another`, async () => {
      await editor.show(nodesOf(name));
      assert.deepEqual(await editor.crossings(), []);
    });
  }
});
