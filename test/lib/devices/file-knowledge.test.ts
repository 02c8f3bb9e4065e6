import assert from 'node:assert/strict';
import { afterPush, afterReport } from '../../../lib/devices/file-knowledge';
import type { FileRecord } from '../../../lib/devices/record';
import type { Report } from '../../../lib/protocol/report';
import { failureOf, outcomeOf } from '../../peers/outcomes';

const [one, two, three] = ['1'.repeat(40), '2'.repeat(40), '3'.repeat(40)] as const;

/** In short: what the device has, how well that is known, and by whom. */
function told(files: readonly FileRecord[]): string[] {
  return files.map(({ filename, hash, verified, by }) => `${filename} ${hash[0]} ${verified} ${by}`);
}

function reportOf(state: Report['state'], hash: string, more: Partial<Report> = {}): Report {
  return { state, file: 'main.py', hash, error: null, ...more };
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
    assert.deepEqual(afterReport(delivered, reportOf('failed', one), 2), []);
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
    assert.equal(files.length, 50);
    assert.equal(files.at(-1)?.filename, 'file59.py');
  });
});
