import assert from 'node:assert/strict';
import { startAedes, type TestBroker } from '../peers/brokers';
import { Inbox } from '../peers/inbox';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice, takeAll } from '../peers/simulated-device';
import { listening, place, pushDefaults, type Received, rolloutDefaults, TestFlow } from '../peers/test-flow';

const file = Buffer.alloc(3800, '# lamp ');

describe('A push to a device that sleeps', () => {
  const resources = resourcesOfEachTest();

  let broker: TestBroker;
  let device: SimulatedDevice;
  let flow: TestFlow;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url, neverConnects: true }));
    await device.say('awake', 'yesterday', true);
  });

  /** Resolves when Node-RED is connected: it has heard what the device said before. */
  async function start(
    push: Record<string, unknown> = {},
    server: Record<string, unknown> = {},
    more: readonly Record<string, unknown>[] = [],
  ): Promise<void> {
    const settings = {
      broker,
      server,
      push: { announceOn: '{target}/awake', ...push },
      more: [
        ...listening('+/awake'),
        ...more,
        { id: 'out', ...place, type: 'mqtt out', broker: 'broker', topic: '', qos: '0', retain: 'false', wires: [] },
      ],
    };
    flow = await resources.use(TestFlow.start(settings));
    await flow.heard.next();
  }

  const send = (changes: Record<string, unknown> = {}) =>
    flow.send({ payload: file, target: 'nightlamp', filename: 'main.py', ...changes });

  const asleep = async () => {
    const status = await flow.untilStatus(/waiting-waiting/);
    assert.deepEqual([status.fill, status.shape], ['yellow', 'ring']);
  };

  it('is announced when the device speaks, not on what it said before', async () => {
    await start();
    send();
    await asleep();
    assert.equal(device.announcements.all.length, 0);
    await device.say('awake', 'today');
    const [{ port }] = await device.announcements.next();
    takeAll(port);
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.attempts], ['success', 1]);
  });

  it('waits again when nothing connects, and announces the same bytes, port included', async () => {
    await start({ timeout: '2' });
    send();
    await asleep();
    await device.say('awake', 'once');
    const [, first] = await device.announcements.next();
    await asleep();
    await device.say('awake', 'again');
    const [{ port }, second] = await device.announcements.next();
    assert.equal(second, first);
    takeAll(port);
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.attempts], ['success', 1], 'a renewed wait is the same attempt');
  });

  it('ends with no_connection when the device does not speak in time, and says where it was waited for', async () => {
    await start({ waitHours: '0.0001' });
    send();
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.code, ota.phase, ota.port], ['timeout', 'no_connection', 'waiting', null]);
    assert.match(String(ota.message), /nightlamp\/awake, heard nothing within 0\.0001 hours/);
    assert.match(String(ota.remedy), /publishes on nightlamp\/awake/);
  });

  it('is replaced by a newer one of the same file, which has its place before others that wait', async () => {
    await start();
    send({ id: 1 });
    await asleep();
    send({ id: 2, filename: 'boot.py' });
    send({ id: 3, payload: Buffer.from('newer') });
    const first = await flow.ends.next();
    assert.deepEqual([first.id, first.payload, first.ota.code], [1, 'cancelled', 'superseded']);
    // Over Node-RED's own connection, so that it comes after whatever is subscribed to there.
    flow.node('out').receive({ topic: 'nightlamp/awake', payload: 'today' });
    const [{ port, filename }] = await device.announcements.next();
    assert.equal(filename, 'main.py');
    takeAll(port);
    const { id, ota } = await flow.ends.next();
    assert.deepEqual([id, ota.sent], [3, 'newer'.length]);
    flow.send({ reset: true });
    assert.equal((await flow.ends.next()).id, 2);
  });

  it('holds no port and no place while it waits', async () => {
    await start({}, { concurrency: '1' });
    const other = await resources.use(SimulatedDevice.start({ hostname: 'daylamp', brokerUrl: broker.url }));
    send();
    await asleep();
    send({ target: 'daylamp' });
    await flow.untilStatus(/several/);
    await other.say('awake', 'now');
    assert.equal((await flow.ends.next()).ota.target, 'daylamp');
  });

  it('is cancelled while it waits', async () => {
    await start();
    send();
    await asleep();
    flow.send({ reset: true, target: 'nightlamp' });
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.code, ota.phase], ['cancelled', 'cancelled', 'waiting']);
    assert.match(String(ota.message), /was cancelled: /);
  });

  describe('and a rollout of the same file', () => {
    /** What comes out of the rollout, and of a push to another device. */
    let rolledOut: Inbox<Received>;
    let pushed: Inbox<Received>;

    const startBoth = async (push: Record<string, unknown> = {}, server: Record<string, unknown> = {}) => {
      const rollout = { type: 'ota-rollout', server: 'server', ...rolloutDefaults };
      const other = { type: 'ota-push', server: 'server', ...pushDefaults };
      const listener = { ...place, type: 'helper', wires: [] };
      await start(push, server, [
        { id: 'rollout', ...place, ...rollout, wires: [['rolledOut'], ['rolledOut']] },
        { id: 'rolledOut', ...listener },
        { id: 'other', ...place, ...other, wires: [['pushed'], ['pushed']] },
        { id: 'pushed', ...listener },
      ]);
      rolledOut = inboxOf('rolledOut');
      pushed = inboxOf('pushed');
      send();
      await asleep();
    };

    const inboxOf = (id: string) => {
      const inbox = new Inbox<Received>();
      flow.node(id).on('input', (message) => inbox.push(message as unknown as Received));
      return inbox;
    };

    const rollOut = () =>
      flow.node('rollout').receive({ payload: 'newer', targets: ['nightlamp'], filename: 'main.py' });

    it('goes on waiting where the rollout ends before it has begun with the device', async () => {
      await startBoth({}, { concurrency: '1' });
      const options = { hostname: 'fan', brokerUrl: broker.url, neverConnects: true };
      const fan = await resources.use(SimulatedDevice.start(options));
      const announced = fan.next('announcement');
      flow.node('other').receive({ payload: file, target: 'fan', filename: 'main.py' });
      await announced;
      rollOut();
      await new Promise(setImmediate); // it waits for a place, which nothing tells
      flow.node('rollout').receive({ reset: true });
      const { payload, rollout } = await rolledOut.next();
      assert.deepEqual([payload, (rollout as { counts: { skipped: number } }).counts.skipped], ['cancelled', 1]);
      flow.node('other').receive({ reset: true });
      await pushed.next();
      assert.equal(flow.ends.all.length, 0, 'nothing has taken its place');
      await device.say('awake', 'today');
      const [{ port }] = await device.announcements.next();
      takeAll(port);
      const slept = await flow.ends.next();
      assert.deepEqual([slept.payload, slept.ota.sent], ['success', file.length]);
    });

    it('is replaced when it waits again, by a rollout that came while it was announced', async () => {
      await startBoth({ timeout: '0.5' });
      await device.say('awake', 'today');
      await device.announcements.next();
      rollOut();
      const { payload, ota } = await flow.ends.next();
      assert.deepEqual([payload, ota.code], ['cancelled', 'superseded']);
      const [{ port }] = await device.announcements.next();
      takeAll(port);
      const updated = await rolledOut.next();
      assert.deepEqual([updated.payload, updated.ota.sent], ['success', 'newer'.length]);
    });

    it('is replaced as soon as the rollout begins with the device', async () => {
      await startBoth();
      rollOut();
      const { payload, ota } = await flow.ends.next();
      assert.deepEqual([payload, ota.code], ['cancelled', 'superseded']);
      const [{ port }] = await device.announcements.next();
      takeAll(port);
      assert.equal((await rolledOut.next()).payload, 'success');
    });
  });
});
