import assert from 'node:assert/strict';
import { Cancellation } from '../../../nodes/lib/push/cancellation';

describe('A cancellation', () => {
  it('tells each listener once, with the first reason, and those at once who come after it', () => {
    const cancellation = new Cancellation();
    const told: string[] = [];
    cancellation.whenHappened((reason) => told.push(`before: ${reason}`));
    cancellation.cancel('first');
    cancellation.cancel('second');
    cancellation.whenHappened((reason) => told.push(`after: ${reason}`));
    assert.deepEqual(told, ['before: first', 'after: first']);
  });

  it('does not tell whoever was let go, and tells the others', () => {
    const cancellation = new Cancellation();
    const told: string[] = [];
    const gone = () => told.push('gone');
    cancellation.whenHappened(gone);
    cancellation.whenHappened(() => told.push('here'));
    cancellation.forget(gone);
    cancellation.cancel('now');
    assert.deepEqual(told, ['here']);
  });
});
