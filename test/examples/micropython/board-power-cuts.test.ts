import assert from 'node:assert/strict';
import { boardStory } from '../../peers/board';
import { newest } from '../../peers/micropython-builds';
import { describeOnEachBoard } from '../../peers/programs';
import { resourcesOfEachTest } from '../../peers/resources';

/** What the flash lives through while its power is cut, at every one of its writes, and then at every one of the recovery's. */
const STORIES: Record<string, string> = {
  update: 'a program is replaced, starts and proves itself',
  signed: 'the same is done by a signed announcement',
  set: 'a set of three files is installed, one of them in a new folder',
  twice: 'a file is replaced twice before it has proved itself',
  later: 'a file is installed without a restart, and a program after it has proved itself',
  rollback: 'a set that does not work is taken back at the third start',
};

/**
 * On every build would be ten minutes more of two cores: the others have the stories in which most is written on littlefs, and
 * the shortest one on FAT. They differ in the interpreter, not in the file systems.
 */
const storiesOfOthers: Record<string, readonly string[]> = { VfsLfs2: ['signed', 'rollback'], VfsFat: ['update'] };

for (const filesystem of ['VfsLfs2', 'VfsFat']) {
  describeOnEachBoard(`A power cut at any write of ${filesystem === 'VfsFat' ? 'FAT' : 'littlefs'}`, (build, kind) => {
    const isShared = kind.client === 'mqtt_as'; // whatever writes is the same code in both modules
    if (isShared && build !== newest) return;
    const resources = resourcesOfEachTest();

    for (const [story, what] of Object.entries(STORIES)) {
      if (isShared ? story !== 'signed' : build !== newest && !storiesOfOthers[filesystem]?.includes(story)) continue;
      it(`leaves whole files, no others, and a board that takes the next update while ${what}`, async () => {
        const found = await boardStory(resources, build, kind, 'power_cuts.py', filesystem, story);
        // FAT says EIO for files that were open when the power went.
        assert.doesNotMatch(found, /BROKEN|LEFTOVER/);
        assert.match(found, /^CUTS [0-9]{2,3}\n$/m);
      }).timeout(600_000);
    }
  });
}
