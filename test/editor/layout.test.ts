import assert from 'node:assert/strict';
import { Editor, inFlow, pushForm, serverForm } from '../peers/editor';
import { describeNeeding } from '../peers/needing';
import { resourcesOfSuite } from '../peers/resources';
import { devicesDefaults, haUpdateDefaults, rolloutDefaults } from '../peers/test-flow';

const rollout = 'a0b1c2d3e4f50617';
const devices = 'c2d3e4f506172839';
const update = 'b1c2d3e4f5061728';

/** Pixels: the narrowest that the editor makes a dialog, and one on a large screen. */
const widths = [500, 900];

for (const locale of ['en-US', 'de']) {
  describeNeeding(['chromium'], `the layout of the dialogs in ${locale}`, function () {
    this.timeout(120_000);
    const resources = resourcesOfSuite();
    let editor: Editor;

    before(async () => {
      editor = await resources.use(Editor.open({ locale }));
      await editor.add({ id: rollout, type: 'ota-rollout', server: '', y: 300, ...rolloutDefaults });
      await editor.add({ id: devices, type: 'ota-devices', server: '', y: 500, ...devicesDefaults });
      await editor.add({ id: update, type: 'ota-ha-update', server: '', y: 400, ...haUpdateDefaults });
    });

    afterEach(() => editor.undoAll());

    const dialogs = {
      'ota-devices': devices,
      'ota-push': inFlow.push,
      'ota-rollout': rollout,
      'ota-ha-update': update,
      'ota-server': inFlow.push,
    };
    for (const [type, id] of Object.entries(dialogs)) {
      const form = type === 'ota-server' ? serverForm : pushForm;
      for (const width of widths) {
        it(`cuts nothing off and breaks no label of an ${type} that is ${width} pixels wide`, async () => {
          await editor.edit(id);
          if (type === 'ota-server') await editor.editServer();
          await editor.resize(width);
          if (type !== 'ota-devices') await editor.unfold(type);
          await editor.inEachFont(async (font) => assert.deepEqual(await editor.cutOff(form), [], font));
        });
      }
    }

    it('leaves no error in the console of the browser', () => {
      assert.deepEqual(editor.errors, []);
    });
  });
}
