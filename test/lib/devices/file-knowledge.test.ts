import assert from 'node:assert/strict';
import { afterPush as afterPushOf, afterReport } from '../../../lib/devices/file-knowledge';
import { type Keeping, versionBefore } from '../../../lib/devices/kept-versions';
import type { FileRecord, KeptVersion } from '../../../lib/devices/record';
import type { Report } from '../../../lib/protocol/report';
import type { Outcome } from '../../../lib/push/outcome';
import { failureOf, outcomeOf } from '../../peers/outcomes';

const [one, two, three, four] = ['1'.repeat(40), '2'.repeat(40), '3'.repeat(40), '4'.repeat(40)] as const;

/** In short: what the device has, how well that is known, and by whom. */
function told(files: readonly FileRecord[]): string[] {
  return files.map(({ filename, hash, verified, by }) => `${filename} ${hash?.[0]} ${verified} ${by}`);
}

function reportOf(state: Report['state'], hash: string, more: Partial<Report> = {}): Report {
  return { state, file: 'main.py', hash, error: null, ...more };
}

/** After a push whose bytes are kept. */
function afterPush(
  files: readonly FileRecord[],
  outcomes: readonly Outcome[],
  at: number,
  more: Partial<Keeping> = {},
): readonly FileRecord[] {
  const versions = outcomes.map(
    ({ filename, hash }) => [filename, { hash, sha256: hash.padEnd(64, hash), at }] as const,
  );
  return afterPushOf(files, outcomes, at, { versions: new Map(versions), purpose: 'push', most: 3, ...more });
}

const afterOne = afterPush([], [outcomeOf({ hash: one })], 1);

describe('What a device has, as far as is known', () => {
  it('is what was pushed to it last with success', () => {
    assert.deepEqual(told(afterOne), ['main.py 1 installed push']);
    const next = afterPush(afterOne, [outcomeOf({ hash: two, verified: 'delivered' })], 2);
    assert.deepEqual(told(next), ['main.py 2 delivered push']);
  });

  it('is what it was where nothing came of a push, which may not be skipped any more', () => {
    const afterNothing = afterPush(afterOne, [failureOf({ hash: two })], 2);
    assert.deepEqual(told(afterNothing), ['main.py 1 installed doubted']);
    const rejected = { code: 'rejected', device: '192.168.4.7', sent: 4 } as const;
    assert.deepEqual(told(afterPush(afterOne, [failureOf({ hash: two, ...rejected })], 2)), told(afterNothing));
    assert.deepEqual(afterPush([], [failureOf({ hash: two })], 2), [], 'nothing is known of it');
  });

  it('may be a file that it took whole and said nothing of', () => {
    const silent = failureOf({ hash: two, code: 'not_verified', device: '192.168.4.7', sent: 4 });
    const files = afterPush(afterOne, [silent], 2);
    assert.deepEqual(told(files), ['main.py 2 null doubted']);
    assert.deepEqual(told(afterReport(files, reportOf('running', two), 3)), ['main.py 2 running doubted']);
  });

  it('was, before what it may have, what it had for sure', () => {
    const silent = (hash: string) => failureOf({ hash, code: 'not_verified', device: '192.168.4.7', sent: 4 });
    const again = afterPush(afterPush(afterOne, [silent(two)], 2), [silent(three)], 3);
    assert.deepEqual([told(again), again[0]?.before], [['main.py 3 null doubted'], one]);
  });

  it('is what it was where the same came once more, and it said nothing of it', () => {
    const silent = failureOf({ hash: one, code: 'not_verified', device: '192.168.4.7', sent: 4 });
    assert.deepEqual(told(afterPush(afterOne, [silent], 2)), ['main.py 1 installed doubted']);
  });

  it('is not told by a push that was never announced', () => {
    assert.equal(afterPush(afterOne, [failureOf({ hash: two, port: null })], 2)[0], afterOne[0]);
    assert.deepEqual(told(afterPush(afterOne, [outcomeOf({ result: 'unchanged', hash: one, port: null })], 2)), [
      'main.py 1 installed push',
    ]);
  });

  it('is a set as a whole: one that did not come whole may be there in parts', () => {
    const lib = { filename: 'lib.py', hash: two };
    const files = afterPush(afterOne, [outcomeOf(lib), failureOf({ hash: three })], 2);
    assert.deepEqual(told(files), ['main.py 1 installed doubted', 'lib.py 2 null doubted']);
  });

  it('is known better once the device has said so, and no worse when it says less', () => {
    const delivered = afterPush([], [outcomeOf({ hash: one, verified: 'delivered' })], 1);
    const installed = afterReport(delivered, reportOf('installed', one), 2);
    assert.deepEqual(told(installed), ['main.py 1 installed push']);
    const running = afterReport(installed, reportOf('running', one), 3);
    assert.deepEqual(told(running), ['main.py 1 running push']);
    assert.equal(afterReport(running, reportOf('installed', one), 4), running);
  });

  it('is what the device says, where that is something else', () => {
    assert.deepEqual(told(afterReport(afterOne, reportOf('running', two), 2)), ['main.py 2 running doubted']);
    assert.deepEqual(told(afterReport([], reportOf('running', two), 2)), ['main.py 2 running report']);
  });

  it('is in doubt where the device has refused the next, and where it has refused what was only delivered it is unknown', () => {
    assert.deepEqual(told(afterReport(afterOne, reportOf('failed', two), 2)), ['main.py 1 installed doubted']);
    assert.deepEqual(told(afterReport(afterOne, reportOf('failed', one), 2)), ['main.py 1 installed doubted']);
    const delivered = afterPush([], [outcomeOf({ hash: one, verified: 'delivered' })], 1);
    assert.deepEqual(told(afterReport(delivered, reportOf('failed', one), 2)), []);
    const tooLate = reportOf('failed', one, { error: 'connect_failed' });
    assert.deepEqual(
      told(afterReport(delivered, tooLate, 2)),
      ['main.py 1 delivered doubted'],
      'of another announcement',
    );
    const next = afterPush(afterOne, [outcomeOf({ hash: two, verified: 'delivered' })], 2);
    assert.deepEqual(told(afterReport(next, reportOf('failed', two), 3)), ['main.py 1 installed doubted']);
  });

  it('goes back as a whole with a file of a set that the device took back', () => {
    const boot = afterPush([], [outcomeOf({ filename: 'boot.py', hash: three })], 1);
    const files = afterPush(boot, [outcomeOf({ filename: 'lib.py', hash: two }), outcomeOf({ hash: one })], 2);
    assert.deepEqual(told(afterReport(files, reportOf('rolled_back', one), 3)), ['boot.py 3 installed push']);
    assert.deepEqual(told(afterReport(boot, reportOf('rolled_back', one), 3)), ['boot.py 3 installed push']);
  });

  it('is bounded: 50 files, and 2 that only reports tell of, which push no other out', () => {
    let files: readonly FileRecord[] = afterOne;
    for (let at = 0; at < 60; at += 1)
      files = afterReport(files, reportOf('running', two, { file: `forged${at}.py` }), 2);
    assert.deepEqual(
      files.map(({ filename }) => filename),
      ['main.py', 'forged58.py', 'forged59.py'],
    );
    for (let at = 0; at < 60; at += 1) files = afterPush(files, [outcomeOf({ filename: `file${at}.py` })], 3);
    const named = (beginning: string) =>
      files.map(({ filename }) => filename).filter((name) => name.startsWith(beginning));
    assert.deepEqual([named('file').length, named('file').at(0), named('file').at(-1)], [50, 'file10.py', 'file59.py']);
    assert.deepEqual(named('forged'), ['forged58.py', 'forged59.py']);
  });

  it('knows a version by either hash where it goes back: the device may report the other', () => {
    const versions = [three, two, one].map((hash) => ({ hash, sha256: hash.repeat(2).slice(0, 64), at: 1 }));
    const file = { ...(afterOne[0] as FileRecord), hash: versions[0]?.sha256 ?? '', kept: versions };
    assert.equal(versionBefore(file)?.hash, two);
  });

  /** The first digits of the hashes that are kept of main.py. */
  const kept = (files: readonly FileRecord[]) => {
    const file = files.find(({ filename }) => filename === 'main.py');
    return file?.kept.map(({ hash }) => hash[0]).join('');
  };
  const back = (files: readonly FileRecord[]) => {
    const file = files.find(({ filename }) => filename === 'main.py');
    return file && versionBefore(file)?.hash[0];
  };
  const pushed = (files: readonly FileRecord[], hash: string, purpose: Keeping['purpose'] = 'push') =>
    afterPush(files, [outcomeOf({ hash })], 2, { purpose });

  describe('and the way back from it', () => {
    it('is the version before, of the last 3 that were pushed with success', () => {
      const many = [one, two, three, four].reduce((files, hash) => pushed(files, hash), [] as readonly FileRecord[]);
      assert.deepEqual([kept(many), back(many)], ['432', '3']);
      assert.equal(kept(pushed(many, four)), '432', 'the same again is none more');
      assert.equal(kept(afterPush(many, [outcomeOf({ hash: one })], 5, { most: 1 })), '1');
      assert.equal(kept(afterPush(many, [outcomeOf({ hash: one })], 5, { versions: new Map() })), '432');
    });

    it('leads further back with each step, and then to what the device had when something new has come', () => {
      const many = [one, two, three].reduce((files, hash) => pushed(files, hash), [] as readonly FileRecord[]);
      const atTwo = pushed(many, two, 'restore');
      assert.deepEqual([kept(atTwo), back(atTwo)], ['321', '1']);
      const atOne = pushed(atTwo, one, 'restore');
      assert.deepEqual([kept(atOne), back(atOne)], ['321', undefined]);
      const atFour = pushed(atOne, four);
      assert.deepEqual([kept(atFour), back(atFour)], ['413', '1']);
    });

    it('is not what was tried and did not come, or was taken back', () => {
      const atTwo = pushed(afterOne, two);
      const failed = afterPush(atTwo, [failureOf({ hash: three })], 3);
      assert.deepEqual([kept(failed), back(failed)], ['21', '1']);
      const takenBack = afterReport(pushed(atTwo, three), reportOf('rolled_back', three), 3);
      assert.deepEqual(told(takenBack), ['main.py 2 installed doubted']);
      assert.deepEqual([kept(takenBack), back(takenBack)], ['21', '1']);
    });

    it('is what it had last where nobody knows what it has', () => {
      const atTwo = pushed(afterOne, two);
      const silent = afterPush(atTwo, [failureOf({ hash: three, device: '192.168.4.7', sent: 4 })], 3);
      assert.deepEqual(told(silent), ['main.py 3 null doubted']);
      assert.equal(back(silent), '2');
      const first = afterReport(afterReport(atTwo, reportOf('rolled_back', two), 3), reportOf('rolled_back', one), 4);
      assert.deepEqual([told(first), back(first)], [[], undefined]);
    });

    it('stays where it is when the other form announces another hash for it', () => {
      const atTwo = pushed(afterOne, two);
      const version = { ...atTwo[0]?.kept[1], hash: 'f'.repeat(64) } as KeptVersion;
      const signed = afterPush(atTwo, [outcomeOf({ hash: version.hash })], 3, {
        versions: new Map([['main.py', version]]),
        purpose: 'restore',
      });
      assert.deepEqual([kept(signed), back(signed)], ['2f', undefined]);
    });
  });
});
