import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseReport } from '../../lib/protocol/report';
import { startAedes } from '../peers/brokers';
import { connectClient } from '../peers/mqtt-client';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { TestFlow } from '../peers/test-flow';
import { amount, seeded } from './amount';

const text = fc.oneof(fc.string(), fc.constantFrom('main.py', '__proto__', 'hash_mismatch', 'replayed'));
const value = fc.oneof(text, fc.constant(null), fc.integer(), fc.boolean(), fc.anything({ maxDepth: 2 }));

/** What somebody publishes as a report: bytes, JSON, or nearly one. Never a true one: its hash is another. */
const hostile: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((json) => Buffer.from(json)),
  fc.integer({ min: 1, max: 3000 }).map((depth) => Buffer.from('['.repeat(depth))),
  fc
    .record(
      {
        state: fc.oneof(fc.constantFrom('installed', 'running', 'failed', 'rolled_back'), value),
        file: fc.oneof(fc.constant('main.py'), value),
        hash: value,
        error: fc.oneof(fc.constantFrom('replayed', 'connect_failed'), value),
        counter: value,
        mac: value,
      },
      { requiredKeys: [] },
    )
    .map((report) => Buffer.from(jsonOf(report))),
);

/** A file whose hash no arbitrary comes upon. */
const file = Buffer.from('print("the file of the reports test")');

describe('Random reports, nearly true and hostile', () => {
  const resources = resourcesOfEachTest();

  it('are read without an error, and only what is one is taken for a report', () => {
    const property = fc.property(hostile, (payload) => {
      const report = parseReport(payload);
      if (!report) return;
      assert.match(report.state, /^(installed|running|failed|rolled_back)$/);
      for (const one of [report.file, report.hash, report.error]) assert.ok(one === null || typeof one === 'string');
    });
    fc.assert(property, seeded({ numRuns: amount({ short: 1000, long: 10_000 }) }));
  }).timeout(120_000);

  it('neither end a push nor make it a success: the true one does', async () => {
    const broker = await resources.use(startAedes());
    const device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url }));
    const client = await connectClient(resources, broker.url);
    const flow = await resources.use(TestFlow.start({ broker, push: { verify: 'installed' } }));
    const property = fc.asyncProperty(fc.array(hostile, { minLength: 20, maxLength: 50, size: 'max' }), async (all) => {
      const taken = device.next('installed');
      const pushing = flow.push({ payload: file, target: 'nightlamp', filename: 'main.py', timeout: 30 });
      await taken;
      for (const payload of all) await client.publishAsync('nightlamp/OTA/status', payload, { qos: 1 });
      assert.equal(flow.ends.all.length, 0, 'a hostile report has ended the push');
      await device.report('installed');
      const { payload, ota } = await pushing;
      flow.ends.clear();
      assert.deepEqual([payload, ota.verified], ['success', 'installed']);
    });
    await fc.assert(property, seeded({ numRuns: amount({ short: 4, long: 150 }) }));
  }).timeout(amount({ short: 60_000, long: 600_000 }));
});

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '{'; // it has a BigInt
  }
}
