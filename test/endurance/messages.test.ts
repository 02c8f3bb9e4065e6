import assert from 'node:assert/strict';
import { resourcesOfEachTest } from '../peers/resources';
import { amount, isLong } from './amount';
import type { MessagesSeen } from './messages';
import { runPeerProgram } from './run-peer-program';

const mostGrowth = 10 * 1024 * 1024;

describe('Random messages, valid and hostile, into nodes of random configurations', () => {
  const resources = resourcesOfEachTest();

  it('are answered once each, announce nothing that the protocol forbids, and leave Node-RED as it was', async () => {
    const wanted = amount({ short: 300, long: 10_000 });
    const { messages, memory, ...seen } = JSON.parse(
      await runPeerProgram(resources, 'messages.ts', String(wanted)),
    ) as MessagesSeen;
    const [before, after] = memory;
    if (isLong) console.log({ messages, ...seen, growthKB: Math.round((after - before) / 1024) });
    assert.ok(messages >= wanted, `${messages} messages`);
    assert.ok(seen.announcements > 0 && (seen.results.success ?? 0) > 0, 'nothing was pushed');
    assert.ok(after - before < mostGrowth, `${after - before} bytes more`);
  }).timeout(amount({ short: 120_000, long: 1_200_000 }));
});
