import assert from 'node:assert/strict';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Counters } from '../../../lib/server/counters';
import { resourcesOfEachTest } from '../../peers/resources';
import { temporaryFolder } from '../../peers/temporary-folder';

const year = 365 * 24 * 3_600_000;

describe('The counters of signed announcements (protocol 6.4)', () => {
  const resources = resourcesOfEachTest();

  let folder: string;
  let now = 0;
  const problems: Error[] = [];

  beforeEach(async () => {
    folder = await temporaryFolder(resources, 'counters');
    now = 1_700_000_000_000;
    problems.length = 0;
  });

  const open = (path = join(folder, 'deep', 'counters.json')) =>
    new Counters(
      path,
      (error) => problems.push(error),
      () => now,
    );

  it('are the clock in milliseconds, and grow though it stands still or is set back', async () => {
    const counters = open();
    assert.equal(await counters.next('lamp'), now);
    assert.equal(await counters.next('lamp'), now + 1);
    assert.equal(await counters.next('clock'), now, 'each device has its own');
    now -= 3_600_000;
    assert.equal(await counters.next('lamp'), now + 3_600_002);
  });

  it('are on the disk before they are used, and are known again by whoever comes after', async () => {
    const first = await open().next('lamp');
    now -= 3_600_000;
    assert.equal(await open().next('lamp'), first + 1);
  });

  it('of many devices at once are all kept', async () => {
    const counters = open();
    await Promise.all(Array.from({ length: 200 }, (_, number) => counters.next(`lamp${number}`)));
    const kept = JSON.parse(await readFile(join(folder, 'deep', 'counters.json'), 'utf8'));
    assert.equal(Object.keys(kept).length, 200);
  });

  it('go on from what a device tells, if that is at most a year ahead', async () => {
    const counters = open();
    assert.equal(await counters.goOnFrom('lamp', now + year + 1), false);
    assert.equal(await counters.goOnFrom('lamp', -1), false);
    assert.equal(await counters.goOnFrom('lamp', now + year), true);
    assert.equal(await counters.next('lamp'), now + year + 1);
  });

  it('go on with the clock alone, and say so, where they cannot be kept', async () => {
    await writeFile(join(folder, 'file'), '');
    const counters = open(join(folder, 'file', 'counters.json'));
    assert.equal(await counters.next('lamp'), now);
    assert.equal(await counters.next('lamp'), now + 1);
    assert.equal(problems.length, 1);
  });

  it('are not written over where they cannot be read for a while, as without a descriptor', async () => {
    const path = join(folder, 'counters.json');
    await mkdir(path);
    const counters = open(path);
    assert.equal(await counters.next('lamp'), now);
    await rmdir(path);
    const earlier = { lamp: now - 7, kettle: now + 3_600_000 };
    await writeFile(path, JSON.stringify(earlier));
    assert.equal(await counters.next('lamp'), now + 1);
    assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), { ...earlier, lamp: now + 1 });
    assert.equal(await counters.next('kettle'), now + 3_600_001);
    assert.equal(problems.length, 1);
  });
});
