import assert from 'node:assert/strict';
import { freePort, startAedes, type TestBroker } from '../peers/brokers';
import { describeNeeding } from '../peers/needing';
import { RawPeer } from '../peers/raw-peer';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice, takeAll } from '../peers/simulated-device';
import { TestFlow } from '../peers/test-flow';

const large = Buffer.alloc(8 * 1024 * 1024, '# lamp ');

/** Where a push can be when it is ended from outside, and how it gets there. */
interface Stage {
  readonly phase: string;
  readonly brokerIsUp: boolean;
  readonly isFetched: boolean;
  /** The device takes the whole file and says nothing. */
  readonly isDelivered?: boolean;
  /** Pushes before it that hold its device's turn. */
  readonly pushesBefore: number;
}

const stages: Record<string, Stage> = {
  'while it waits for its turn': { phase: 'queued', brokerIsUp: true, isFetched: false, pushesBefore: 1 },
  'while it waits for the broker': { phase: 'announce', brokerIsUp: false, isFetched: false, pushesBefore: 0 },
  'while it waits for the device': { phase: 'connect', brokerIsUp: true, isFetched: false, pushesBefore: 0 },
  'in the middle of a transfer': { phase: 'transfer', brokerIsUp: true, isFetched: true, pushesBefore: 0 },
  "while it waits for the device's word": {
    phase: 'verify',
    brokerIsUp: true,
    isFetched: false,
    isDelivered: true,
    pushesBefore: 0,
  },
};

const endings: Record<string, (flow: TestFlow) => unknown> = {
  'msg.reset': (flow) => flow.send({ reset: true }),
  'msg.reset with its target': (flow) => flow.send({ reset: 1, target: 'nightlamp' }),
  'a redeploy of the node': (flow) => flow.node('push').close(false),
  'the removal of the node': (flow) => flow.node('push').close(true),
  'a redeploy of its server': (flow) => flow.node('server').close(false),
  'the end of the flow, as at a full deploy or the shutdown of Node-RED': (flow) => flow.stop(),
};

for (const [when, stage] of Object.entries(stages)) {
  describeNeeding(stage.isFetched ? ['python'] : [], `A push that is ended ${when}`, () => {
    const resources = resourcesOfEachTest();

    let broker: TestBroker;
    let device: SimulatedDevice;
    let fetching: RawPeer | undefined;
    let flow: TestFlow;
    let idle: string[];

    beforeEach(async () => {
      const port = await freePort();
      idle = await openResources();
      broker = await resources.use(startAedes(stage.brokerIsUp ? { port } : {}));
      device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url, neverConnects: true }));
      const push = stage.isDelivered ? { verify: 'online', onlineTopic: '{target}/online' } : {};
      flow = await resources.use(TestFlow.start({ broker: { port }, push }));
      for (let n = 0; n <= stage.pushesBefore; n += 1)
        flow.send({ payload: large, target: 'nightlamp', filename: 'main.py' });
      if (stage.brokerIsUp) {
        const [{ port: announcedPort }] = await device.announcements.next();
        fetching = stage.isFetched ? await resources.use(RawPeer.start(announcedPort, 'reads_when_told')) : undefined;
        if (stage.isDelivered) {
          takeAll(announcedPort);
          await flow.untilStatus(/verify/);
        }
        if (fetching) await flow.untilStatus(/transfer/);
      } else {
        await flow.untilStatus(/announce-waiting/);
      }
    });

    for (const [what, end] of Object.entries(endings)) {
      it(`ends cancelled by ${what}, and nothing is left open`, async () => {
        const { users, subscriptions } = flow.node('broker') as unknown as Record<string, Record<string, object>>;
        await end(flow);
        if (!what.startsWith('the end of the flow')) {
          for (let n = 0; n <= stage.pushesBefore; n += 1) await flow.ends.next();
          const ended =
            flow.ends.all.find(({ ota }) => ota.phase === stage.phase) ?? assert.fail(`no push ended ${stage.phase}`);
          assert.deepEqual([ended.output, ended.payload, ended.ota.code], [2, 'cancelled', 'cancelled']);
          assert.match(String(ended.ota.message), /was cancelled: /);
          assert.equal(flow.ends.all.length, stage.pushesBefore + 1);
        }
        if (fetching) {
          fetching.goOn();
          const { bytes, end: seen } = await fetching.ended();
          assert.equal(seen, 'reset', 'never a FIN before it has the whole file (protocol 2.6)');
          assert.ok(bytes < large.length);
        }
        await flow.stop();
        assert.deepEqual(users, {}, 'nobody is registered with the broker node');
        const subscribers = Object.values(subscriptions ?? assert.fail()).flatMap((users) => Object.keys(users));
        assert.deepEqual(subscribers, [], 'nobody subscribes any more');
        await device.stop();
        await broker.stop();
        assert.deepEqual(await openResources(), idle);
      });
    }
  });
}

/** What keeps this process alive and could be a push's. */
async function openResources(): Promise<string[]> {
  // Handles that were closed are gone a turn of the event loop later.
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
  const kinds = new Set(['TCPServerWrap', 'TCPSocketWrap', 'Timeout', 'UDPWrap']);
  const { getActiveResourcesInfo } = process as unknown as { getActiveResourcesInfo(): string[] };
  return getActiveResourcesInfo()
    .filter((name) => kinds.has(name))
    .sort((one, other) => one.localeCompare(other));
}
