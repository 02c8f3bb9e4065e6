import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { hashOf } from '../../lib/protocol/announcement';
import { startAedes, startMosquitto, type TestBroker } from '../peers/brokers';
import { connectClient } from '../peers/mqtt-client';
import { describeNeeding } from '../peers/needing';
import type { PeerName } from '../peers/peers';
import { resourcesOfEachTest } from '../peers/resources';
import { type DeviceOptions, SimulatedDevice, takeAll } from '../peers/simulated-device';
import { listening, place, type Received, TestFlow } from '../peers/test-flow';

const file = Buffer.from('print("lamp version 2")\n');
const hash = hashOf(file);
const message = { payload: file, target: 'nightlamp', filename: 'main.py' };

/** Until the device's word is given up: longer than a busy machine takes to bring what comes before. */
const verifyTimeout = '2';

type Version = [what: string, protocolVersion: string, needed: PeerName[], startBroker: () => Promise<TestBroker>];

const versions: Version[] = [
  ['MQTT 3.1.1', '4', [], () => startAedes()],
  // Brokers differ in when, and how often, they bring what is retained.
  ['MQTT 3.1.1 through Mosquitto', '4', ['mosquitto'], () => startMosquitto()],
  ['MQTT 5', '5', ['mosquitto'], () => startMosquitto()],
];

for (const [what, protocolVersion, needed, startBroker] of versions) {
  describeNeeding(needed, `A push that waits for the device's word, over ${what}`, () => {
    const resources = resourcesOfEachTest();

    let broker: TestBroker;
    let device: SimulatedDevice;
    let flow: TestFlow;

    beforeEach(async () => {
      broker = await resources.use(startBroker());
      device = await startDevice();
    });

    const startDevice = (options: Partial<DeviceOptions> = {}) =>
      resources.use(SimulatedDevice.start({ brokerUrl: broker.url, ...options }));

    async function start(push: Record<string, unknown> = {}, more: Record<string, unknown>[] = []): Promise<void> {
      flow = await resources.use(TestFlow.start({ broker, push, mqtt: { protocolVersion }, more }));
    }

    /** Pushes; resolves when the device has installed the file and the node waits for its word. */
    async function deliver(changes: Record<string, unknown> = {}): Promise<void> {
      const installed = device.next('installed');
      flow.send({ ...message, ...changes });
      await installed;
      await flow.untilStatus('nightlamp: ota-push.status.verify');
    }

    const assertEnd = ({ payload, ota }: Received, result: string, code: string | null, verified: string | null) =>
      assert.deepEqual([payload, ota.code, ota.verified], [result, code, verified], String(ota.message));

    /** A report that lies retained at the broker. */
    async function reportBefore(state: 'installed' | 'running', of = hash): Promise<void> {
      const client = await connectClient(resources, broker.url);
      const report = JSON.stringify({ state, file: 'main.py', hash: of, error: null });
      await client.publishAsync('nightlamp/OTA/status', report, { retain: true, qos: 1 });
    }

    /** Resolves when Node-RED has that report: some brokers bring it later than the acknowledgement of a push. */
    async function startAfterReport(...settings: Parameters<typeof start>): Promise<void> {
      await start(...settings);
      const { client } = flow.node('broker') as unknown as { client: EventEmitter };
      await once(client, 'message');
    }

    it('takes the delivery for enough where a device never reports', async () => {
      await start();
      assertEnd(await flow.push({ ...message }), 'success', null, 'delivered');
    });

    it('waits for the report of a device that reports', async () => {
      await reportBefore('running', hashOf(Buffer.from('an older file')));
      await startAfterReport();
      await deliver();
      await device.report('installed');
      const end = await flow.ends.next();
      assertEnd(end, 'success', null, 'installed');
      assert.deepEqual(end.ota.report, { state: 'installed', file: 'main.py', hash, error: null });
      assert.match(String(end.ota.message), /reported that it has installed it/);
    });

    it('is not ended by a device that says again as it starts that it took this very file back before', async () => {
      await device.stop();
      device = await startDevice({ neverConnects: true });
      await start({ verify: 'installed' }, listening('+/OTA/status'));
      flow.send({ ...message });
      const [{ port }] = await device.announcements.next();
      await flow.untilStatus('nightlamp: ota-push.status.connect');
      await device.report('rolled_back');
      await flow.heard.next();
      takeAll(port);
      await flow.untilStatus('nightlamp: ota-push.status.verify');
      await device.report('installed');
      assertEnd(await flow.ends.next(), 'success', null, 'installed');
    });

    it('takes no report from before for an answer, though it is of the same bytes', async () => {
      await reportBefore('installed');
      await startAfterReport({ verify: 'installed', verifyTimeout: '0.5' });
      assertEnd(await flow.push({ ...message }), 'timeout', 'not_verified', 'delivered');
    });

    it('takes no report from before for an answer when the flow itself subscribes meanwhile', async () => {
      await reportBefore('running');
      await startAfterReport({ verify: 'running', verifyTimeout }, [
        { id: 'in', ...place, type: 'mqtt in', broker: 'broker', inputs: 1, qos: '1', wires: [] },
      ]);
      await deliver();
      // The broker sends the retained report once more, to everyone on this connection.
      flow.node('in').receive({ action: 'subscribe', topic: '+/OTA/status' });
      assertEnd(await flow.ends.next(), 'timeout', 'not_verified', 'delivered');
    });

    it('believes the device though the flow listens on the same topic', async () => {
      await reportBefore('installed');
      const own = { type: 'mqtt in', broker: 'broker', topic: '+/OTA/status', qos: '1', rap: true, rh: 0 };
      await startAfterReport({ verify: 'installed' }, [{ id: 'in', ...place, ...own, wires: [[]] }]);
      await deliver();
      await device.report('installed');
      assertEnd(await flow.ends.next(), 'success', null, 'installed');
    });

    it('waits until the new program runs, and no longer where there is no restart', async () => {
      await start({ verify: 'running', reboot: 'reboot', rebootType: 'msg' });
      await deliver({ reboot: true });
      await device.report('installed');
      await device.report('running');
      assertEnd(await flow.ends.next(), 'success', null, 'running');
      await deliver({ reboot: false });
      await device.report('installed');
      assertEnd(await flow.ends.next(), 'success', null, 'installed');
    });

    it('ignores reports of other files and what is no report', async () => {
      await start({ verify: 'installed', verifyTimeout });
      await deliver();
      await device.report('installed', { file: 'boot.py' });
      await device.report('installed', { hash: '0'.repeat(40) });
      for (const text of ['', 'installed', '[]', 'null', '{"state":"installed"}', '{"state":7}']) {
        await device.say('OTA/status', text);
      }
      assertEnd(await flow.ends.next(), 'timeout', 'not_verified', 'delivered');
    });

    it('says what is missing when the program does not come back', async () => {
      await start({ verify: 'running', verifyTimeout });
      await deliver();
      await device.report('installed');
      const end = await flow.ends.next();
      assertEnd(end, 'timeout', 'not_verified', 'installed');
      assert.match(String(end.ota.message), /has installed it, but no report that it runs it came .* within 2 s/);
      assert.match(String(end.ota.remedy), /has not come back on the broker/);
    });

    it('is rejected when the device took the file back', async () => {
      await start({ verify: 'running' });
      await deliver();
      await device.report('installed');
      await device.report('rolled_back');
      const end = await flow.ends.next();
      assertEnd(end, 'failed', 'rejected', 'installed');
      assert.match(String(end.ota.remedy), /the file before it runs again/);
    });

    const refusals: [says: string, report: Record<string, unknown>, message: RegExp, remedy: RegExp][] = [
      ['why it refused', { error: 'no_space' }, /reported no_space on daylamp\/OTA\/status/, /Free space on the flash/],
      [
        'an exception that it has no word for',
        { error: 'internal', exception: 'MemoryError' },
        /reported internal \(MemoryError\) on/,
        /too little memory/,
      ],
    ];
    for (const [says, report, words, remedy] of refusals) {
      it(`is rejected when the device reports ${says}, whatever counts as a success`, async () => {
        const refusing = await startDevice({ hostname: 'daylamp', neverConnects: true });
        await start({ verify: 'delivered' });
        const announced = refusing.next('announcement');
        flow.send({ ...message, target: 'daylamp' });
        await announced;
        await flow.untilStatus('daylamp: ota-push.status.connect');
        await refusing.report('failed', report);
        const end = await flow.ends.next();
        assertEnd(end, 'failed', 'rejected', null);
        assert.match(String(end.ota.message), words);
        assert.match(String(end.ota.remedy), remedy);
      });
    }

    it('waits for a fresh word on the online topic that does not mean the opposite', async () => {
      await device.say('online', 'true', true);
      await start({ verify: 'online', onlineTopic: '{target}/online' });
      await deliver();
      for (const gone of ['', 'offline', 'FALSE', '0']) await device.say('online', gone);
      assert.equal(flow.ends.all.length, 0);
      await device.say('online', 'true', true);
      assertEnd(await flow.ends.next(), 'success', null, 'online');
    });

    it('waits for exactly the online payload where one is given', async () => {
      await start({ verify: 'online', onlineTopic: '{target}/state', onlinePayload: 'up', verifyTimeout });
      await deliver();
      await device.say('state', 'ready');
      assertEnd(await flow.ends.next(), 'timeout', 'not_verified', 'delivered');
    });

    it('can be cancelled while it waits, and says that the file was sent whole', async () => {
      await start({ verify: 'installed' });
      await deliver();
      flow.send({ reset: true });
      const end = await flow.ends.next();
      assertEnd(end, 'cancelled', 'cancelled', 'delivered');
      assert.match(String(end.ota.remedy), /sent whole: whether the device has installed it is not known/);
    });
  });
}
