import assert from 'node:assert/strict';
import type { DeviceBook } from '../../../lib/devices/device-book';
import { DeviceChanges } from '../../../lib/devices/device-changes';
import type { Report } from '../../../lib/protocol/report';
import { openBook } from '../../peers/device-book';
import { Inbox } from '../../peers/inbox';
import { jobsOf, outcomeOf } from '../../peers/outcomes';
import { resourcesOfEachTest } from '../../peers/resources';
import { temporaryFolder } from '../../peers/temporary-folder';

const reported: Report = { state: 'running', file: 'main.py', hash: 'a'.repeat(40), error: null };

describe('What changes of devices', () => {
  const resources = resourcesOfEachTest();

  let book: DeviceBook;
  let told: Inbox<string>;

  beforeEach(async () => {
    book = openBook(resources, await temporaryFolder(resources, 'changes'));
    told = new Inbox();
    await resources.use(
      new DeviceChanges(book, (target, change, device) => told.push(`${target} ${change} ${device?.report?.state}`)),
    );
  });

  it('is told once a second, however much a device says: that which says most, as it is then', async () => {
    for (const state of ['running', 'rolled_back', 'installed'] as const)
      book.hear('lamp', { ...reported, state }, false);
    assert.deepEqual(told.all, []);
    assert.equal(await told.next(), 'lamp rolled_back installed');
    assert.equal(told.all.length, 1);
  });

  it('is told at once of each push that has ended, and then not what was heard before', async () => {
    book.hear('lamp', reported, false);
    for (let times = 0; times < 2; times += 1) book.record(outcomeOf(), jobsOf(outcomeOf()), 'push');
    assert.deepEqual(told.all, ['lamp result running', 'lamp result running']);
    book.hear('clock', reported, false);
    for (let times = 0; times < 2; times += 1) await told.next();
    assert.equal(await told.next(), 'clock seen running');
    book.forget('lamp');
    assert.equal(await told.next(), 'lamp forgotten undefined');
  });

  it('is told of 500 devices a second at most, and of all in the end', async () => {
    for (let at = 0; at < 600; at += 1) book.hear(`forged-${at}`, reported, false);
    assert.equal(await told.next(), 'forged-0 seen running');
    assert.equal(told.all.length, 500);
    for (let at = 1; at < 600; at += 1) await told.next();
    assert.equal(told.all.at(-1), 'forged-599 seen running');
  });

  it('is not told of devices that were forgotten again before their turn: there may be any number of them', async () => {
    const forged = 60_000;
    for (let at = 0; at < forged; at += 1) book.hear(`forged-${at}`, reported, false);
    const known = book.size;
    assert.ok(known < forged);
    assert.equal(await told.next(), `forged-${forged - known} seen running`);
  });
});
