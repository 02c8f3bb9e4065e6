import assert from 'node:assert/strict';
import type { HaBroker } from '../../../lib/home-assistant/broker';
import { Deletions } from '../../../lib/home-assistant/deletions';
import { Inbox } from '../../peers/inbox';
import { resourcesOfEachTest } from '../../peers/resources';

describe('What is deleted in Home Assistant', () => {
  const resources = resourcesOfEachTest();

  const broker: HaBroker = {
    isOnline: true,
    publish: async () => undefined,
    listen: () => () => undefined,
    forget: () => undefined,
    onOnline: () => () => undefined,
  };

  const deletions = (there: Inbox<string>) =>
    resources.use(
      new Deletions({
        topics: { prefix: 'homeassistant', base: 'ota-push' },
        broker,
        loaded: Promise.resolve(),
        retainedMs: 20,
        entityOf: () => undefined,
        hasButton: () => false,
        onTold: () => undefined,
        onThere: (target) => there.push(target),
        onDeleted: async () => undefined,
        onProblem: assert.ifError,
      }),
    );

  it('is waited for no longer when the node was closed before it knew what to wait for', async () => {
    const there = new Inbox<string>();
    const closed = await deletions(there);
    closed.close();
    closed.expect(['lamp']);
    // Timers of one length end in their order.
    (await deletions(there)).expect(['other']);
    assert.equal(await there.next(), 'other');
  });
});
