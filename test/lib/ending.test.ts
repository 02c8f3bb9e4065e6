import assert from 'node:assert/strict';
import { Ending } from '../../lib/ending';

describe('What ends a push', () => {
  it('calls back everybody who listens, once, with the first reason', () => {
    const ending = new Ending();
    const heard: (string | undefined)[] = [];
    ending.onAbort(() => heard.push(`one ${ending.reason}`));
    ending.onAbort(() => heard.push(`other ${ending.reason}`));
    assert.equal(ending.isAborted, false);
    ending.abort('first');
    ending.abort('second');
    assert.equal(ending.isAborted, true);
    assert.deepEqual(heard, ['one first', 'other first']);
  });

  it('calls back nobody who listens no more, as one that it has called may have said', () => {
    const ending = new Ending();
    const heard: string[] = [];
    const later = () => heard.push('later');
    ending.onAbort(() => ending.offAbort(later));
    ending.onAbort(later);
    ending.abort('by the test');
    assert.deepEqual(heard, []);
  });

  it('ends the waiting for a promise, before and after it was aborted', async () => {
    const never = new Promise<never>(() => undefined);
    const ending = new Ending();
    const waiting = ending.settled(never);
    ending.abort('by the test');
    await waiting;
    await ending.settled(never);
  });

  it('waits for a promise, and passes on what it rejects with', async () => {
    const ending = new Ending();
    await ending.settled(Promise.resolve());
    await assert.rejects(ending.settled(Promise.reject(new Error('by the test'))), /by the test/);
  });
});
