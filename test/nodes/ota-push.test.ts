import assert from 'node:assert/strict';
import { once } from 'node:events';
import { startAedes, startMosquitto, type TestBroker } from '../peers/brokers';
import { connectClient, hear } from '../peers/mqtt-client';
import { describeNeeding } from '../peers/needing';
import type { PeerName } from '../peers/peers';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { TestFlow } from '../peers/test-flow';

const file = Buffer.alloc(3800, '# lamp ');
const sha1 = 'cb74bada0f96e969d4210c1dbdf1c7b5e5217748';

const brokers: [name: string, needed: PeerName[], startBroker: () => Promise<TestBroker>][] = [
  ['aedes', [], () => startAedes()],
  ['mosquitto', ['mosquitto'], () => startMosquitto()],
];

for (const [name, needed, startBroker] of brokers) {
  describeNeeding(needed, `ota-push through ${name}`, () => {
    const resources = resourcesOfEachTest();

    let broker: TestBroker;
    let device: SimulatedDevice;
    let flow: TestFlow;

    beforeEach(async () => {
      broker = await resources.use(startBroker());
      device = await startDevice();
    });

    const startDevice = (hostname = 'nightlamp') =>
      resources.use(SimulatedDevice.start({ hostname, brokerUrl: broker.url }));

    async function start(push: Record<string, unknown> = {}): Promise<void> {
      flow = await resources.use(TestFlow.start({ broker, push }));
    }

    it('updates the device and says so in the same message, with everything that is known', async () => {
      await start();
      const input = { payload: file, target: 'nightlamp', filename: '/data/main.py', kept: 'as it was' };
      const message = await flow.push(input);
      assert.equal(message.payload, 'success');
      assert.equal(message.kept, 'as it was');
      assert.deepEqual(device.files.get('main.py'), file);
      assert.equal(message.output, 1);
      const { id, durations, port, message: text, ...rest } = message.ota;
      assert.match(String(id), /^[0-9a-f-]{36}$/);
      assert.equal(
        text,
        `nightlamp (127.0.0.1) took all 3800 bytes of main.py from 127.0.0.1:${port} and closed the connection.`,
      );
      assert.deepEqual(Object.keys(durations), ['queued', 'connect', 'transfer', 'verify', 'total']);
      assert.ok(durations.total >= durations.connect + durations.transfer - 2);
      assert.deepEqual(rest, {
        result: 'success',
        code: null,
        remedy: null,
        phase: 'done',
        verified: 'delivered',
        target: 'nightlamp',
        filename: 'main.py',
        size: 3800,
        hash: sha1,
        reboot: true,
        topic: 'nightlamp/OTA',
        host: '127.0.0.1',
        device: '127.0.0.1',
        others: [],
        sent: 3800,
        attempts: 1,
        report: null,
      });
    });

    it('says so in a copy of a message that cannot be changed', async () => {
      await start();
      const message = await flow.push(
        Object.freeze({ payload: file, target: 'nightlamp', filename: 'main.py', kept: 1 }),
      );
      assert.deepEqual([message.payload, message.kept, message.ota.filename], ['success', 1, 'main.py']);
    });

    it('completes each message once, catches none, and ends with a green dot that names the device', async () => {
      await start();
      await flow.push({ payload: file, target: 'nightlamp', filename: 'main.py' });
      await flow.completed.next();
      const { fill, shape } = await flow.untilStatus('nightlamp: ota-push.status.delivered');
      assert.deepEqual([fill, shape], ['green', 'dot']);
      assert.equal(flow.completed.all.length, 1);
      assert.equal(flow.caught.all.length, 0);
    });

    const announcements: [string, object, RegExp][] = [
      ['four fields to restart', {}, new RegExp(`^127\\.0\\.0\\.1\\|(\\d+)\\|main\\.py\\|${sha1}$`)],
      ['five fields to stay up', { reboot: false }, new RegExp(`^127\\.0\\.0\\.1\\|(\\d+)\\|main\\.py\\|${sha1}\\|0$`)],
    ];
    for (const [what, more, expected] of announcements) {
      it(`announces with ${what}, at QoS 1, not retained, seen by an independent subscriber`, async () => {
        await start({ rebootType: 'msg', reboot: 'reboot' });
        const subscriber = await connectClient(resources, broker.url);
        await subscriber.subscribeAsync('#', { qos: 2 });
        const seen = once(subscriber, 'message');
        const message = await flow.push({
          payload: file,
          target: 'nightlamp',
          filename: 'main.py',
          reboot: true,
          ...more,
        });
        const [topic, payload, packet] = await seen;
        assert.equal(topic, 'nightlamp/OTA');
        const [, port] = expected.exec(payload.toString('latin1')) ?? assert.fail(`${payload}`);
        assert.equal(Number(port), message.ota.port);
        assert.deepEqual([packet.qos, packet.retain], [1, false]);
        const late = await connectClient(resources, broker.url);
        const retained = await hear(late, '#');
        await late.publishAsync('ready', 'yes', { qos: 1 });
        assert.equal((await retained.next()).topic, 'ready');
      });
    }

    it('announces to exactly the device that is named, whatever its name is made of', async () => {
      const target = "lamp$&$$1$'";
      await startDevice(target);
      await start({ rebootType: 'msg', reboot: 'reboot' });
      const { payload, error } = await flow.push({ payload: 'x', target, filename: 'main.py', reboot: true });
      assert.equal(payload, 'success', error?.message);
    });

    it('sends text as UTF-8, a Uint8Array as its bytes, and an empty file as a file', async () => {
      await start();
      const files: [unknown, Buffer][] = [
        ['gruß = "é"\n', Buffer.from('gruß = "é"\n')],
        [new Uint8Array([0, 255, 1, 2]).subarray(1, 3), Buffer.from([255, 1])],
        [Buffer.alloc(0), Buffer.alloc(0)],
        ['', Buffer.alloc(0)],
      ];
      for (const [payload, bytes] of files) {
        const message = await flow.push({ payload, target: 'nightlamp', filename: 'config.bin' });
        assert.equal(message.payload, 'success');
        assert.deepEqual(device.files.get('config.bin'), bytes);
        assert.equal(message.ota.sent, bytes.length);
      }
    });
  });
}
