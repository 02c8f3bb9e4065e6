import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Announcement } from '../../lib/protocol/announcement';
import { startAedes, type TestBroker } from '../peers/brokers';
import { Inbox } from '../peers/inbox';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice, takeAll } from '../peers/simulated-device';
import { TestFlow } from '../peers/test-flow';

const file = Buffer.alloc(3800, '# lamp ');

describe('A push to a device that sleeps', () => {
  const resources = resourcesOfEachTest();

  let broker: TestBroker;
  let device: SimulatedDevice;
  let flow: TestFlow;
  let announcements: Inbox<[Announcement, string]>;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    const options = { hostname: 'nightlamp', brokerUrl: broker.url, neverConnects: true };
    device = await resources.use(SimulatedDevice.start(options));
    announcements = new Inbox();
    device.on('announcement', (announcement: Announcement, text: string) => announcements.push([announcement, text]));
    await device.say('awake', 'yesterday', true);
  });

  /** Resolves when Node-RED is connected: it has heard what the device said before. */
  async function start(push: Record<string, unknown> = {}, server: Record<string, unknown> = {}): Promise<void> {
    const place = { z: 'tab', x: 0, y: 0 };
    const settings = {
      broker,
      server: { advertise: '127.0.0.1', ...server },
      push: { announceOn: '{target}/awake', ...push },
      more: [
        { id: 'in', ...place, type: 'mqtt in', broker: 'broker', topic: '+/awake', qos: '1', wires: [['heard']] },
        { id: 'heard', ...place, type: 'helper', wires: [] },
        { id: 'out', ...place, type: 'mqtt out', broker: 'broker', topic: '', qos: '0', retain: 'false', wires: [] },
      ],
    };
    flow = await resources.use(TestFlow.start(settings));
    await once(flow.node('heard'), 'input');
  }

  const send = (changes: Record<string, unknown> = {}) =>
    flow.send({ payload: file, target: 'nightlamp', filename: 'main.py', ...changes });

  const asleep = async () => {
    const { status } = await flow.statuses.nextThat((seen) => /waiting-waiting/.test(seen.status?.text ?? ''));
    assert.deepEqual([status?.fill, status?.shape], ['yellow', 'ring']);
  };

  it('is announced when the device speaks, not on what it said before', async () => {
    await start();
    send();
    await asleep();
    assert.equal(announcements.all.length, 0);
    await device.say('awake', 'today');
    const [{ port }] = await announcements.next();
    takeAll(port);
    const { payload, ota } = await flow.ends.next();
    assert.deepEqual([payload, ota.attempts], ['success', 1]);
  });

  it('waits again when nothing connects, and announces the same bytes, port included', async () => {
    await start({ timeout: '2' });
    send();
    await asleep();
    await device.say('awake', 'once');
    const [, first] = await announcements.next();
    await asleep();
    await device.say('awake', 'again');
    const [{ port }, second] = await announcements.next();
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
    const [{ port, filename }] = await announcements.next();
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
    await flow.statuses.nextThat(({ status }) => /several/.test(status?.text ?? ''));
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
});
