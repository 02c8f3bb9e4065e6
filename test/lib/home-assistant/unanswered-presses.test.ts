import assert from 'node:assert/strict';
import { discoveryOf } from '../../../lib/home-assistant/discovery';
import { discoveryTopic } from '../../../lib/home-assistant/topics';
import { UnansweredPresses } from '../../../lib/home-assistant/unanswered-presses';
import type { InboundMessage } from '../../../lib/push/services';
import { Inbox } from '../../peers/inbox';
import { resourcesOfEachTest } from '../../peers/resources';

const topics = { prefix: 'homeassistant', base: 'ota-push' };
const discovery = (target: string) => JSON.stringify(discoveryOf(topics, target, { title: `The ${target}` }));

describe('A press of Install for a device of somebody else', () => {
  const resources = resourcesOfEachTest();

  let lost: Inbox<readonly [target: string, discovery: object]>;
  let listening: number;
  let most: number;

  /** @param entities what the broker has kept, by hostname */
  async function start(entities: Readonly<Record<string, string>>): Promise<UnansweredPresses> {
    const kept = new Map(Object.entries(entities).map(([target, text]) => [discoveryTopic(topics, target), text]));
    lost = new Inbox();
    listening = 0;
    most = 0;
    const broker = {
      listen(topic: string, onMessage: (message: InboundMessage) => void) {
        listening += 1;
        most = Math.max(most, listening);
        const payload = Buffer.from(kept.get(topic) ?? '');
        if (payload.length > 0) onMessage({ topic, payload, isRetainedReplay: false, maybeStale: true });
        return () => {
          listening -= 1;
        };
      },
    };
    const onUnanswered = (target: string, found: object) => lost.push([target, found]);
    return resources.use(new UnansweredPresses({ topics, broker, answerMs: 20, onUnanswered }));
  }

  it('is told where nobody answers, with what Home Assistant knows of the entity', async () => {
    const presses = await start({ lamp: discovery('lamp') });
    presses.hear('lamp');
    assert.deepEqual(await lost.next(), ['lamp', JSON.parse(discovery('lamp'))]);
    assert.equal(listening, 0);
  });

  it('is not told where another node answers', async () => {
    const presses = await start({ lamp: discovery('lamp'), later: discovery('later') });
    presses.hear('lamp');
    presses.answered('lamp');
    presses.hear('later');
    assert.equal((await lost.next())[0], 'later');
    assert.equal(lost.all.length, 1);
  });

  it('is not told of what has no entity, or one that is not of this base topic', async () => {
    const other = JSON.stringify(discoveryOf({ ...topics, base: 'other' }, 'other', {}));
    const deep = discovery('deep').replace(/}$/, `, "x": ${'['.repeat(12_000)}${']'.repeat(12_000)}}`);
    const large = JSON.stringify({ ...JSON.parse(discovery('large')), title: 't'.repeat(70_000) });
    const presses = await start({ broken: '{', nothing: 'null', other, deep, large, last: discovery('last') });
    for (const target of ['unknown', 'broken', 'nothing', 'other', 'deep', 'large', 'last']) presses.hear(target);
    assert.equal((await lost.next())[0], 'last');
  });

  it('is not waited for where no device can have the hostname', async () => {
    const presses = await start({});
    for (const target of ['', 'n'.repeat(60_000), 'night lamp', 'ä', '$SYS']) presses.hear(target);
    assert.equal(most, 0);
  });

  it('is waited for once, and with no more than 99 others', async () => {
    const presses = await start({ last: discovery('last') });
    for (let number = 0; number < 500; number += 1) {
      presses.hear(`lamp-${number}`);
      presses.hear('lamp-0');
    }
    assert.equal(most, 100);
  });

  it('is waited for no longer when the node is closed', async () => {
    const presses = await start({ lamp: discovery('lamp') });
    presses.hear('lamp');
    presses.close();
    assert.equal(listening, 0);
  });
});
