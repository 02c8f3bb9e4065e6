import assert from 'node:assert/strict';
import { connectAsync } from 'mqtt';
import { startMosquitto, type TestBroker } from '../peers/brokers';
import { changing, Example, injecting, setting } from '../peers/example';
import { Inbox } from '../peers/inbox';
import { lamps, SimulatedFleet } from '../peers/simulated-fleet';

const file = `# ${'a lamp, '.repeat(40_000)}\n`;

describe('The example flow "Share the work between servers"', function () {
  this.timeout(90_000);
  const all = lamps(100);
  let broker: TestBroker;
  let fleet: SimulatedFleet;
  let servers: Example[];

  beforeEach(async () => {
    broker = await startMosquitto(['set_tcp_nodelay true']);
    // So slow that a server can be killed while it serves many of them.
    const slow = { pausesMsAfterEachRead: 150 };
    fleet = await SimulatedFleet.start(broker.url, all, Object.fromEntries(all.map((hostname) => [hostname, slow])));
    const changes = changing(
      injecting({ targets: all, filename: 'main.py', timeout: '8' }),
      setting('debug', { console: true }),
    );
    const deploy = () =>
      Example.deploy('Share the work between servers', broker, changes, { files: { 'main.py': file } });
    servers = [await deploy(), await deploy()];
  });

  afterEach(async () => {
    for (const server of servers) await server.stop();
    await fleet.stop();
    await broker.stop();
  });

  it('gives every device the file, although one of two servers is killed half-way', async () => {
    const [requester, other] = servers as [Example, Example];
    const installed: string[] = [];
    const half = new Promise<void>((resolve) => {
      for (const [hostname, device] of fleet.devices) {
        device.on('installed', () => {
          installed.push(hostname);
          if (installed.length === 20) resolve();
        });
      }
    });
    await requester.press('request updates');
    await half;
    await other.nodeRed.kill();
    const before = new Set(installed);
    assert.ok(before.size < all.length, 'they were all served before the server was killed');
    await requester.nodeRed.logged(/left: 0/);
    assert.deepEqual(fleet.having('main.py', Buffer.from(file)), all);
    assert.ok(fleet.announced.length > all.length, 'no request had to be sent again');
  });

  it('answers a request that cannot be pushed, and goes on after one that is none', async () => {
    const client = await connectAsync(broker.url);
    const results = new Inbox<Record<string, unknown>>();
    client.on('message', (_topic, payload) => results.push(JSON.parse(payload.toString())));
    await client.subscribeAsync('ota-push/result/+');
    const request = (job: unknown) => client.publishAsync('ota-push/request', JSON.stringify(job), { qos: 1 });
    for (const nonsense of ['no request', null, [], { id: 7, bytes: '' }, { id: 'a', target: 'a/#', bytes: '' }]) {
      await request(nonsense);
    }
    await client.publishAsync('ota-push/request', '{', { qos: 1 });
    await request({ id: 'b', target: 'lamp01', filename: 'tmp', bytes: '' });
    const bad = await results.next();
    assert.deepEqual([bad.id, bad.target, bad.result, bad.code], ['b', 'lamp01', 'failed', 'bad_input']);
    await request({
      id: 'c',
      target: 'lamp02',
      filename: 'lib/lamp.py',
      bytes: Buffer.from('pass').toString('base64'),
    });
    const good = await results.next();
    assert.deepEqual([good.id, good.target, good.result], ['c', 'lamp02', 'success']);
    assert.deepEqual(fleet.having('lib/lamp.py', Buffer.from('pass')), ['lamp02']);
    await client.endAsync();
  });
});
