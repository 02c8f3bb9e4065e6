import assert from 'node:assert/strict';
import { Editor, inFlow, pushForm } from '../peers/editor';
import { describeNeeding } from '../peers/needing';
import { resourcesOfSuite } from '../peers/resources';
import { rolloutDefaults } from '../peers/test-flow';

/** An OTA rollout beside the flow "Push one file". */
const id = 'a0b1c2d3e4f50617';

/** What is to be read in each language, top down, with everything unfolded; and what the help begins with. */
const words = {
  'en-US': {
    labels:
      'Server, Devices, File, File name, Waves, Pause (s), Stop after, More, Check, Restart, Timeout (s), Unchanged, Retries, Success when, Verify timeout (s), Progress, Announcement, Name',
    help: 'Pushes a file, or a set of files, to many MicroPython devices',
    title: 'OTA rollout',
  },
  de: {
    labels:
      'Server, Geräte, Datei, Dateiname, Wellen, Pause (s), Stopp nach, Mehr, Prüfung, Neustart, Zeitlimit (s), Unverändert, Wiederholungen, Erfolg, wenn, Prüfzeit (s), Fortschritt, Ankündigung, Name',
    help: 'Überträgt eine Datei oder mehrere per Funk auf viele MicroPython-Geräte',
    title: 'OTA rollout',
  },
};

for (const [locale, expected] of Object.entries(words)) {
  describeNeeding(['chromium'], `the dialog of an ota-rollout in ${locale}`, function () {
    this.timeout(120_000);
    const resources = resourcesOfSuite();
    let editor: Editor;

    before(async () => {
      editor = await resources.use(Editor.open({ locale }));
      await editor.add({ id, type: 'ota-rollout', server: inFlow.server, ...rolloutDefaults });
    });

    beforeEach(() => editor.edit(id));

    afterEach(() => editor.undoAll());

    const field = (property: string) => editor.page.locator(`#node-input-${property}`);

    it('has every word in this language, none cut off, and fields of one width', async () => {
      await editor.unfold('ota-rollout');
      assert.equal((await editor.labels(pushForm)).join(', '), expected.labels);
      await editor.inEachFont(async (font) => {
        const boxes = await editor.fieldBoxes();
        assert.equal(boxes.length, 17);
        for (const box of boxes) assert.deepEqual(box, boxes[0], font);
      });
      assert.doesNotMatch(
        (await editor.page.locator('.red-ui-tray').last().allInnerTexts()).join(),
        /ota-(push|rollout)\.\w|shared\./,
      );
      await editor.inEachFont(async (font) => assert.deepEqual(await editor.cutOff(pushForm), [], font));
    });

    it('completes the last of the devices that are typed, with those that the server knows', async () => {
      const offered = editor.page.locator('.red-ui-autoComplete-container:visible a');
      // The server was deployed anew: what the device takes now makes it known.
      await editor.leave('cancel');
      await editor.page.locator(`[id="${inFlow.inject}"] .red-ui-flow-node-button-button`).click();
      const status = editor.page.locator(`[id="${inFlow.push}"] .red-ui-flow-node-status-label`);
      // A green dot alone says no more than that it is connected.
      await status.filter({ hasText: 'NIGHTLAMP: delivered' }).waitFor();
      await editor.edit(id);
      await field('targets').pressSequentially('daylamp, nig');
      await offered.filter({ hasText: /^nig$/ }).waitFor();
      assert.deepEqual(await offered.allInnerTexts(), ['nig', 'NIGHTLAMP']);
      await field('targets').press('ArrowDown');
      await editor.page.keyboard.press('ArrowDown');
      await editor.page.keyboard.press('Enter');
      assert.equal(await field('targets').inputValue(), 'daylamp, NIGHTLAMP');
      await field('targets').pressSequentially(', not/one');
      await field('targets').blur();
      assert.equal(await editor.hasError(field('targets')), true);
      await field('targets').fill('daylamp, NIGHTLAMP');
      await editor.leave('ok');
      assert.equal(await editor.isMarked(id), false);
      assert.equal(await editor.evaluate(`RED.nodes.node('${id}').targets`), 'daylamp, NIGHTLAMP');
    });

    it('marks waves, a pause and a threshold that cannot be read, with the reason', async () => {
      for (const [property, bad, good] of [
        ['waves', '10, half', '1, 10%, 100%'],
        ['pause', '-2', '-1'],
        ['stopAfter', '101%', '20%'],
      ] as const) {
        await field(property).fill(bad);
        await field(property).blur();
        assert.equal(await editor.hasError(field(property)), true, property);
        await field(property).fill(good);
        await field(property).blur();
        assert.equal(await editor.hasError(field(property)), false, property);
      }
      await field('waves').fill('none');
      await editor.leave('ok');
      assert.equal(await editor.isMarked(id), true);
      const problems = await editor.evaluate<string[]>(`RED.nodes.node('${id}').validationErrors`);
      assert.ok(
        problems.some((problem) => /100%/.test(problem) && !problem.includes('ota-rollout.')),
        problems.join(),
      );
    });

    it('has a third output for progress, and asks for a retry delay where there are retries', async () => {
      await editor.unfold('ota-rollout');
      assert.equal(await field('retryDelay').isVisible(), false);
      await field('retries').fill('2');
      await field('retries').blur();
      assert.equal(await field('retryDelay').isVisible(), true);
      await field('progress').check();
      await editor.leave('ok');
      assert.equal(await editor.evaluate(`RED.nodes.node('${id}').outputs`), 3);
      await editor.edit(id);
      // What differs from the defaults is not hidden under More.
      assert.equal(await field('retries').isVisible(), true);
    });

    it('has its help in this language', async () => {
      await editor.leave('cancel');
      await (await editor.help(expected.title)).getByText(expected.help).waitFor();
    });

    it('leaves no error in the console of the browser', () => {
      assert.deepEqual(editor.errors, []);
    });
  });
}
