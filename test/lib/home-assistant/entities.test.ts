import assert from 'node:assert/strict';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { releaseFile } from '../../../lib/home-assistant/release';
import { failureOf, outcomeOf } from '../../peers/outcomes';
import { bytes, EntityStage, file, news, rates, release } from './entity-stage';

describe('The entities', () => {
  const home = new EntityStage();

  it('are refused where what is remembered of them would fill the memory, and the others stay as they are', async () => {
    await home.start();
    const targets = Array.from({ length: 4000 }, (_, at) => `lamp-${at}`);
    const long = { ...release, version: '2.0', summary: 's'.repeat(10_000) };
    const offering = home.entities.offer(['lamp', ...targets], long, new Map([[file.sha256, bytes]]));
    await assert.rejects(offering, /would take more than 64 MB.*msg\.remove/);
    assert.equal(home.entities.size, 1);
    await home.entities.offer(['lamp', 'daylamp'], long, new Map([[file.sha256, bytes]]));
    assert.equal(home.entities.size, 2);
  });

  it('are refused so where they come in many messages at once, too', async () => {
    await home.start();
    const long = { ...release, version: '2.0', summary: 's'.repeat(10_000) };
    const offerings = ['lamp', 'lantern'].map((kind) => {
      const targets = Array.from({ length: 2000 }, (_, at) => `${kind}-${at}`);
      return home.entities.offer(targets, long, new Map([[file.sha256, bytes]]));
    });
    const ends = await Promise.allSettled(offerings);
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    assert.equal(home.entities.size, 2001);
  });

  it('are in progress no longer when nothing was heard for too long', async () => {
    await home.start({ silenceMs: 100 });
    home.press();
    assert.equal((await home.broker.shown.next()).in_progress, true);
    const { in_progress: working, isRetained } = await home.broker.shown.next();
    assert.deepEqual([working, isRetained], [false, true]);
  });

  it('are in progress no longer when they are closed', async () => {
    await home.start();
    home.press();
    await home.broker.shown.next();
    await home.entities.close();
    assert.equal((await home.broker.shown.next()).in_progress, false);
  });

  it('are not in progress while a push waits for a device that sleeps', async () => {
    await home.start();
    home.press();
    await home.broker.shown.next();
    await home.entities.hearPush({ ...news, isWaiting: true });
    assert.equal((await home.broker.shown.next()).in_progress, false);
  });

  it('are in progress no more from the moment that their end would not be heard', async () => {
    await home.start();
    home.entities.endProgress();
    await home.entities.hearPush(news);
    assert.deepEqual([home.entities.inProgress, home.broker.shown.all.slice(1)], [[], []]);
  });

  it('are in progress no longer for whoever speaks of something else', async () => {
    await home.start({ silenceMs: 100 });
    home.press();
    await home.broker.shown.next();
    const other = setInterval(() => home.hear({ state: 'running', file: 'other.py', hash: 'ab', error: null }), 20);
    home.resources.defer(() => clearInterval(other));
    assert.equal((await home.broker.shown.next()).in_progress, false);
  });

  it('are shown at once when Home Assistant says that it has started, and once more however often it says so', async () => {
    await home.start({ rates });
    for (let times = 0; times < 300; times += 1) home.broker.birth();
    for (const _ of ['at once', 'once more']) assert.equal((await home.broker.shown.next()).in_progress, false);
    home.press();
    assert.equal((await home.broker.shown.next()).in_progress, true, 'nothing more was shown before');
  });

  it('tell of reports at once, and once more however many come', async () => {
    await home.start({ rates });
    const hashes = ['a', 'b', 'c'].map((digit) => digit.repeat(40));
    const running = (hash = '') => home.hear({ state: 'running', file: 'main.py', hash, error: null });
    running(hashes[1]);
    assert.equal(await home.installed(), '#bbbbbbbb', 'at once');
    for (let times = 0; times < 1000; times += 1) running(hashes[times % 3]);
    assert.equal(await home.installed(), '#aaaaaaaa', 'the last one');
    home.press();
    assert.equal((await home.broker.shown.next()).in_progress, true, 'nothing more was shown before');
  });

  it('have what any push has brought, by the version of its release or the beginning of its hash', async () => {
    await home.start({ rates });
    home.end(outcomeOf({ hash: file.sha1 }));
    assert.deepEqual(await home.installed(), '1.0');
    home.end(outcomeOf({ hash: file.sha256 }));
    home.end(outcomeOf({ hash: 'c'.repeat(40) }));
    assert.equal(await home.installed(), '#cccccccc');
    home.end(outcomeOf({ hash: file.sha256 }));
    assert.equal(await home.installed(), '1.0');
  });

  it('have what they had where nobody knows what became of a push, however often it is tried', async () => {
    await home.start({ rates });
    const silent = { code: 'not_verified', device: '192.168.4.7', sent: 4 } as const;
    home.end(failureOf({ hash: 'd'.repeat(40), ...silent }));
    home.end(outcomeOf({ hash: 'c'.repeat(40) }));
    assert.equal(await home.installed(), '#cccccccc');
    for (const digit of ['d', 'd', 'e']) home.end(failureOf({ hash: digit.repeat(40), ...silent }));
    home.press();
    assert.equal(await home.installed(), '#cccccccc');
    home.hear({ state: 'running', file: 'main.py', hash: 'e'.repeat(40), error: null });
    assert.equal(await home.installed(), '#eeeeeeee');
    home.hear({ state: 'rolled_back', file: 'main.py', hash: 'e'.repeat(40), error: null });
    assert.equal(await home.installed(), '#cccccccc');
  });

  it('have nothing that is known once the device is forgotten', async () => {
    await home.start({ rates });
    home.end(outcomeOf({ hash: file.sha1 }));
    assert.equal(await home.installed(), '1.0');
    home.book.forget('lamp');
    assert.equal(await home.installed(), 'unknown');
  });

  it('show what was put off when they are closed', async () => {
    await home.start({ rates: { allMs: 60_000, oneMs: 60_000 } });
    const running = (digit: string) =>
      home.hear({ state: 'running', file: 'main.py', hash: digit.repeat(40), error: null });
    running('a');
    assert.equal(await home.installed(), '#aaaaaaaa');
    running('b');
    await Promise.resolve(); // it is heard in the next turn
    await home.entities.close();
    assert.equal(await home.installed(), '#bbbbbbbb');
  });

  it('keep what they had when a release cannot be kept', async () => {
    await home.start();
    const blocked = join(home.folder, 'releases', 'devices.json.tmp');
    await mkdir(blocked);
    const other = Buffer.from('print(2)');
    const file2 = releaseFile('main.py', other);
    await assert.rejects(
      home.entities.offer(['lamp'], { version: '2.0', files: [file2], isSet: false }, new Map([[file2.sha256, other]])),
    );
    assert.ok(!(await readdir(join(home.folder, 'releases'))).includes(`${file2.sha256}.bin`), 'it takes no room');
    await rm(blocked, { recursive: true });
    let offered = '';
    home.onInstall = async ({ version }) => {
      offered = version;
    };
    home.press();
    await home.broker.shown.next();
    assert.equal(offered, '1.0');
  });
});
