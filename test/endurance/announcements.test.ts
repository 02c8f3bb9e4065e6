import assert from 'node:assert/strict';
import { boardStory } from '../peers/board';
import { newest } from '../peers/micropython-builds';
import { describeNeeding } from '../peers/needing';
import { resourcesOfEachTest } from '../peers/resources';
import { amount, isLong } from './amount';

describeNeeding([newest.peer], 'Random announcements to a board, valid, nearly so and hostile', () => {
  const resources = resourcesOfEachTest();
  // In MicroPython there is no fast-check: the seed makes the same run again.
  const seed = Number(process.env.OTA_PUSH_SEED ?? Math.floor(Math.random() * 2 ** 30));

  for (const [filesystem, name] of [
    ['VfsLfs2', 'littlefs'],
    ['VfsFat', 'FAT'],
  ] as const) {
    for (const form of ['basic', 'signed'] as const) {
      const board = form === 'signed' ? 'one with a key' : 'one without a key';
      it(`are each answered by ${board} on ${name}, and change no file but the one that is installed`, async () => {
        const count = amount({ short: 150, long: 2500 });
        const args = ['announcements.py', filesystem, form, String(count), String(seed)] as const;
        const [ends = '', ...wrong] = (await boardStory(resources, newest, { modules: ['ota'] }, ...args))
          .trim()
          .split('\n')
          .reverse();
        assert.deepEqual(wrong, [], `OTA_PUSH_SEED=${seed}`);
        const counts = JSON.parse(ends) as Record<string, number>;
        if (isLong) console.log({ filesystem, form, ...counts });
        assert.ok((counts.installed ?? 0) > 0 && (counts.bad_name ?? 0) > 0, ends);
      }).timeout(amount({ short: 60_000, long: 600_000 }));
    }
  }
});
