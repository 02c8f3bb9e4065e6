import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { freePort, startAedes, startMosquitto, type TestBroker } from '../peers/brokers';
import { listen } from '../peers/listen';
import { itNeeding } from '../peers/needing';
import { ownAddress } from '../peers/peers';
import { RawPeer } from '../peers/raw-peer';
import { resourcesOfEachTest } from '../peers/resources';
import { type Misbehaviour, SimulatedDevice } from '../peers/simulated-device';
import { type FlowSettings, type Received, TestFlow } from '../peers/test-flow';

const file = Buffer.alloc(3800, '# lamp ');
const large = Buffer.alloc(8 * 1024 * 1024, '# lamp ');

/** Where the device or the broker is to act before it runs out: longer than a busy machine takes for that. */
const patient = { push: { timeout: '3' } };

describe('A push that goes wrong', () => {
  const resources = resourcesOfEachTest();

  let flow: TestFlow;
  let device: SimulatedDevice;

  /** A flow and a broker, of this test or new; between them a device, where its misbehaviour is given. */
  async function stage(
    misbehaviour: Misbehaviour | undefined,
    settings: Omit<FlowSettings, 'broker'> & { readonly broker?: TestBroker } = {},
  ): Promise<TestFlow> {
    const { broker = await resources.use(startAedes()), ...rest } = settings;
    if (misbehaviour) device = await startDevice(broker, misbehaviour);
    return startFlow({ broker, ...rest });
  }

  const startDevice = (broker: TestBroker, misbehaviour: Misbehaviour = {}) =>
    resources.use(SimulatedDevice.start({ brokerUrl: broker.url, ...misbehaviour }));

  async function startFlow({ push, ...rest }: FlowSettings): Promise<TestFlow> {
    flow = await resources.use(TestFlow.start({ push: { timeout: '0.4', ...push }, ...rest }));
    return flow;
  }

  const pushFile = (to: TestFlow, payload = file, target = 'nightlamp') =>
    to.push({ payload, target, filename: 'main.py' });

  /** Every failure leaves by the second output, once, is complete, caught by nobody, and ends in a red ring. */
  async function assertFailure({ output, payload, ota }: Received, result: string, code: string): Promise<void> {
    assert.deepEqual([output, payload, ota.result, ota.code], [2, result, result, code]);
    assert.ok(String(ota.message).length > 20 && String(ota.remedy).length > 20);
    const { fill, shape } = await flow.untilStatus(`${ota.target}: ota-push.status.${code}`);
    assert.deepEqual([fill, shape], ['red', 'ring']);
    assert.equal(flow.completed.all.length, 1);
    assert.equal(flow.caught.all.length, 0);
  }

  itNeeding(
    ['network'],
    'says no_connection and names place, hostname and firewall when the device is offline',
    async () => {
      const own = ownAddress();
      const message = await pushFile(await stage(undefined, { server: { advertise: own } }));
      await assertFailure(message, 'timeout', 'no_connection');
      const { host, port, remedy } = message.ota;
      assert.equal(host, own);
      assert.equal(
        message.ota.message,
        `Nothing connected to ${own}:${port} within 0.4 s after the file was announced on nightlamp/OTA.`,
      );
      assert.match(String(remedy), /device is on/);
      assert.match(String(remedy), /hostname is exactly nightlamp/);
      assert.match(String(remedy), new RegExp(`firewall of this machine pass TCP port ${port}`));
      assert.equal(message.ota.phase, 'connect');
    },
  );

  it('names the port range that a firewall must pass', async () => {
    const port = await freePort();
    const message = await pushFile(
      await stage({ neverConnects: true }, { server: { advertise: '192.0.2.77', ports: String(port) } }),
    );
    await assertFailure(message, 'timeout', 'no_connection');
    assert.equal(message.ota.port, port);
    assert.match(String(message.ota.remedy), new RegExp(`pass TCP port ${port}\\.`));
  });

  itNeeding(
    ['mosquitto'],
    'says that nobody subscribes when the hostname has another case, where the broker tells (MQTT 5)',
    async () => {
      const broker = await resources.use(startMosquitto());
      const message = await pushFile(
        await stage({}, { broker, ...patient, mqtt: { protocolVersion: '5' } }),
        file,
        'NightLamp',
      );
      await assertFailure(message, 'timeout', 'no_connection');
      assert.match(String(message.ota.message), new RegExp(`127\\.0\\.0\\.1:${message.ota.port}`));
      assert.match(
        String(message.ota.remedy),
        /nobody subscribes to NightLamp\/OTA.*exactly NightLamp \(upper and lower case count\)/,
      );
    },
  );

  it('says that the advertised address is not of this machine', async () => {
    const message = await pushFile(await stage({ neverConnects: true }, { server: { advertise: '192.0.2.77' } }));
    await assertFailure(message, 'timeout', 'no_connection');
    assert.match(String(message.ota.message), new RegExp(`192\\.0\\.2\\.77:${message.ota.port}`));
    assert.match(
      String(message.ota.remedy),
      /^192\.0\.2\.77 is not an address of this machine: check "Advertised address".*port mapping/,
    );
  });

  it('says that a loopback address reaches no other machine', async () => {
    const message = await pushFile(await stage({ neverConnects: true }));
    await assertFailure(message, 'timeout', 'no_connection');
    assert.match(String(message.ota.remedy), /^127\.0\.0\.1 is this machine itself/);
  });

  it('names the address that was not allowed', async () => {
    const message = await pushFile(await stage({}, { ...patient, server: { allow: '192.0.2.0/24' } }));
    await assertFailure(message, 'timeout', 'no_connection');
    assert.match(
      String(message.ota.remedy),
      /^127\.0\.0\.1 tried to fetch it and was turned away: add the address to "Allowed addresses"/,
    );
  });

  it('says stalled when the device takes no more bytes', async () => {
    const message = await pushFile(await stage({ stallsAfterBytes: 10_000 }, patient), large);
    await assertFailure(message, 'timeout', 'stalled');
    const { sent, phase, port, device: from } = message.ota;
    assert.deepEqual([phase, from], ['transfer', '127.0.0.1']);
    assert.ok(Number(sent) > 0 && Number(sent) < large.length, `${sent} bytes`);
    assert.match(
      String(message.ota.message),
      new RegExp(`connected to 127\\.0\\.0\\.1:${port}, then took no bytes.*${sent} of ${large.length} bytes`),
    );
    assert.match(String(message.ota.remedy), /The device has not got the whole file/);
  });

  it('does not claim to know what became of a small file when the device never closes', async () => {
    const message = await pushFile(await stage({ neverCloses: true }, patient));
    await assertFailure(message, 'timeout', 'stalled');
    assert.equal(message.ota.sent, file.length);
    assert.match(String(message.ota.remedy), /sent whole: whether the device has installed it is not known/);
  });

  it('says interrupted one second after the device has dropped the connection', async () => {
    const message = await pushFile(await stage({ closesAfterBytes: 1000 }, patient), large);
    await assertFailure(message, 'failed', 'interrupted');
    assert.ok(message.ota.durations.total >= 1000);
    assert.match(
      String(message.ota.message),
      new RegExp(`dropped the connection to 127\\.0\\.0\\.1:${message.ota.port} before it had all`),
    );
    assert.match(String(message.ota.remedy), /free flash.*Wi-Fi/);
  });

  it('says broker_offline when the broker does not come in time, and announces nothing', async () => {
    const port = await freePort();
    const message = await pushFile(await startFlow({ broker: { port }, push: { timeout: '0.3' } }));
    await assertFailure(message, 'failed', 'broker_offline');
    assert.deepEqual([message.ota.phase, message.ota.host, message.ota.port], ['announce', null, null]);
    assert.match(
      String(message.ota.message),
      new RegExp(`not connected to the broker mqtt://127\\.0\\.0\\.1:${port} within 0\\.3 s; nothing was announced`),
    );
    assert.match(String(message.ota.remedy), /Check that the broker runs/);
  });

  it('says that a broker node which does not connect by itself has to be told', async () => {
    const broker = await resources.use(startAedes());
    const settings = { broker, mqtt: { autoConnect: false }, push: { timeout: '0.3' } };
    const message = await pushFile(await startFlow(settings));
    await assertFailure(message, 'failed', 'broker_offline');
    assert.match(String(message.ota.message), new RegExp(`mqtt://127\\.0\\.0\\.1:${broker.port}`));
    assert.match(String(message.ota.remedy), /does not connect by itself/);
  });

  it('waits for a broker that comes in time, with a yellow ring', async () => {
    const port = await freePort();
    const ended = pushFile(await startFlow({ broker: { port }, push: { timeout: '20' } }));
    const { fill, shape } = await flow.untilStatus('nightlamp: ota-push.status.announce-waiting');
    assert.deepEqual([fill, shape], ['yellow', 'ring']);
    await startDevice(await resources.use(startAedes({ port })));
    assert.equal((await ended).payload, 'success');
  });

  itNeeding(['mosquitto'], 'says publish_failed when the broker refuses the announcement (MQTT 5)', async () => {
    const broker = await resources.use(startMosquitto(['acl_file {folder}/acl'], { acl: 'topic read #\n' }));
    const message = await pushFile(await stage(undefined, { broker, ...patient, mqtt: { protocolVersion: '5' } }));
    await assertFailure(message, 'failed', 'publish_failed');
    assert.match(
      String(message.ota.message),
      new RegExp(
        `did not take the announcement of 127\\.0\\.0\\.1:${message.ota.port} on nightlamp/OTA: .*[Nn]ot authorized`,
      ),
    );
    assert.match(String(message.ota.remedy), /may publish on nightlamp\/OTA/);
  });

  it('says publish_failed when the broker never acknowledges, and does not send it again later (protocol 1.6)', async () => {
    const silent = await resources.use(startAedes({ acknowledges: () => false }));
    const message = await pushFile(await startFlow({ broker: silent }));
    await assertFailure(message, 'failed', 'publish_failed');
    assert.match(String(message.ota.message), /: no answer within 0\.4 s\./);
    await silent.clients.next();
    silent.dropAll();
    await silent.clients.next();
    // What the client still had to send would come right after it has connected, so before this.
    flow.send({ payload: file, target: 'daylamp', filename: 'main.py' });
    await silent.published.nextThat((topic) => topic === 'daylamp/OTA');
    assert.deepEqual(silent.published.all, ['nightlamp/OTA', 'daylamp/OTA']);
  });

  it('says publish_failed also where the client was ended meanwhile, as {action: "connect"} does to one that has lost its broker', async () => {
    const silent = await resources.use(startAedes({ acknowledges: () => false }));
    const pushing = pushFile(await startFlow({ broker: silent }));
    await silent.published.next();
    const node = flow.node('broker') as unknown as { client: { end(force: boolean): void } };
    node.client.end(true);
    await assertFailure(await pushing, 'failed', 'publish_failed');
  });

  itNeeding(['python'], 'no longer minds the broker once the device has come', async () => {
    const silent = await resources.use(startAedes({ acknowledges: () => false }));
    const port = await freePort();
    const settings = { broker: silent, push: { timeout: '5' }, server: { ports: String(port) } };
    const pushing = pushFile(await startFlow(settings));
    await silent.published.next();
    // The broker has passed the announcement on, and is gone before it has said so.
    await resources.use(RawPeer.start(port, 'takes_all'));
    silent.dropAll();
    assert.equal((await pushing).payload, 'success');
  });

  itNeeding(
    ['mosquitto', 'network'],
    'says no_connection and names the ACL when the broker drops the announcement silently (MQTT 3.1.1)',
    async () => {
      const broker = await resources.use(startMosquitto(['acl_file {folder}/acl'], { acl: 'topic read #\n' }));
      const message = await pushFile(await stage({}, { broker, server: { advertise: ownAddress() } }));
      await assertFailure(message, 'timeout', 'no_connection');
      assert.match(String(message.ota.remedy), /drop the announcement silently when its ACL forbids it/);
    },
  );

  it('says listen_failed when another program has the port, and announces nothing', async () => {
    const other = createServer();
    resources.defer(() => other.close());
    const port = await listen(other, '0.0.0.0');
    const staged = await stage({}, { server: { ports: String(port) } });
    const message = await pushFile(staged);
    await assertFailure(message, 'failed', 'listen_failed');
    assert.match(
      String(message.ota.message),
      new RegExp(`No port of ${port} could be opened for nightlamp: .*EADDRINUSE.*${port}`),
    );
    assert.equal(device.announcements.all.length, 0);
  });
});
