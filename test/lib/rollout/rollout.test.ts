import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type { Ending } from '../../../lib/ending';
import type { Outcome } from '../../../lib/push/outcome';
import { Rollout, type RolloutOptions, type Stage } from '../../../lib/rollout/rollout';
import { Inbox } from '../../peers/inbox';
import { failureOf, outcomeOf } from '../../peers/outcomes';

/** A push that a test lets go on or end. */
interface Begun {
  readonly target: string;
  readonly ending: Ending;
  readonly move: (stage: Stage) => void;
  readonly end: (outcome: Outcome) => void;
}

const cancelled = (target: string) => failureOf({ target, result: 'cancelled', code: 'cancelled' });

describe('A rollout by itself', () => {
  let begun: Inbox<Begun>;

  const start = (options: Partial<RolloutOptions> = {}) => {
    begun = new Inbox();
    const targets = options.targets ?? ['a', 'b', 'c', 'd'];
    const push: RolloutOptions['push'] = (target, ending, move) =>
      new Promise((resolve) => {
        begun.push({ target, ending, move, end: resolve });
        ending.onAbort(() => resolve(cancelled(target)));
      });
    const unused = () => undefined;
    const usual = { pauseMs: 0, stopAfter: undefined, concurrency: 2, push, onOutcome: unused, onChange: unused };
    const rollout = new Rollout({ targets, waves: [targets.length], ...usual, ...options });
    return { rollout, ended: rollout.run() };
  };

  it('begins again with those first that it has taken back for a pause', async () => {
    const { rollout, ended } = start();
    await begun.next();
    await begun.next();
    rollout.pause();
    rollout.continue();
    for (const expected of ['a', 'b', 'c', 'd']) {
      const { target, move, end } = await begun.next();
      assert.equal(target, expected);
      move('started');
      end(outcomeOf({ target }));
    }
    assert.equal(await ended, 'complete');
    assert.deepEqual(rollout.report().targets.success, ['a', 'b', 'c', 'd']);
  });

  it('leaves those alone that have started when it is paused', async () => {
    const { rollout, ended } = start();
    const [first, second] = [await begun.next(), await begun.next()];
    first.move('started');
    rollout.pause();
    assert.deepEqual([first.ending.isAborted, second.ending.isAborted], [false, true]);
    rollout.cancel('by the test');
    assert.equal(await ended, 'cancelled');
  });

  it('is cancelled as a whole where somebody else cancels one of its pushes: the server may be gone', async () => {
    const { rollout, ended } = start();
    (await begun.next()).end(cancelled('a'));
    assert.equal(await ended, 'cancelled');
    assert.equal(begun.all.length, 2);
    assert.deepEqual(rollout.report().targets.skipped, ['a', 'b', 'c', 'd']);
  });

  it('ends with the bug where there is one, and with its other pushes', async () => {
    const { ended } = start({
      onOutcome: () => {
        throw new Error('a bug');
      },
    });
    const [first, second] = [await begun.next(), await begun.next()];
    first.end(outcomeOf({ target: 'a' }));
    await assert.rejects(ended, /a bug/);
    assert.equal(second.ending.isAborted, true);
    assert.equal(begun.all.length, 2);
  });

  it('gives the place of a device that another push holds up to the next, as long as it is held up', async () => {
    const { rollout, ended } = start();
    const first = await begun.next();
    await begun.next();
    first.move('blocked');
    assert.equal((await begun.next()).target, 'c');
    rollout.pause();
    rollout.continue();
    for (const expected of ['a', 'b']) assert.equal((await begun.next()).target, expected);
    await setImmediate();
    assert.equal(begun.all.length, 5, 'it was taken back, and so was its place');
    rollout.cancel('by the test');
    assert.equal(await ended, 'cancelled');
  });
});
