import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writings } from '../../bench/writings';
import { startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { lamps, SimulatedFleet } from '../peers/simulated-fleet';
import { temporaryFolder } from '../peers/temporary-folder';
import { TestFlow } from '../peers/test-flow';

/** As seldom is written what pushes have come to. */
const everyMs = 5000;

describe('What each device has', function () {
  this.timeout(120_000);
  const resources = resourcesOfEachTest();

  it('is written every 5 seconds in a rollout to 1,000 devices that report, and all of it then', async () => {
    const broker = await resources.use(startAedes());
    const targets = lamps(1000);
    const behaviours = Object.fromEntries(targets.map((target) => [target, { reports: true }]));
    await resources.use(SimulatedFleet.start(broker.url, targets, behaviours));
    const userDir = await temporaryFolder(resources, 'book-writings');
    const path = join(userDir, 'ota-push', 'devices-server.jsonl');
    const writings = await resources.use(new Writings(path));
    const startedAt = performance.now();
    const rollout = { verify: 'installed' };
    const flow = await resources.use(TestFlow.start({ broker, userDir, rollout }));
    flow.send({ payload: 'print()\n', filename: 'main.py', targets });
    const { rollout: end } = await flow.ends.nextThat(({ output }) => output === 2);
    assert.equal((end as { counts: Record<string, number> }).counts.success, 1000);
    await flow.stop();
    const count = await writings.stop();
    // And at once after the first report, after the first end, and at the close.
    const most = 3 + Math.ceil((performance.now() - startedAt) / everyMs);
    assert.ok(count > 0 && count <= most, `it was written ${count} times, ${most} at most`);
    const [, ...devices] = (await readFile(path, 'utf8')).trimEnd().split('\n');
    assert.equal(devices.filter((line) => JSON.parse(line).last.result === 'success').length, 1000);
  });
});
