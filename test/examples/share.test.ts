import assert from 'node:assert/strict';
import { once } from 'node:events';
import { startMosquitto, type TestBroker } from '../peers/brokers';
import { changing, Example, injecting, setting } from '../peers/example';
import { connectClient, hear } from '../peers/mqtt-client';
import { describeNeeding } from '../peers/needing';
import { resourcesOfEachTest } from '../peers/resources';
import { lamps, SimulatedFleet } from '../peers/simulated-fleet';

const file = `# ${'a lamp, '.repeat(40_000)}\n`;

/** Those that get the file at once, before a server is killed, and those that are half-way then. */
const early = lamps(20);
const late = lamps(80, 21);
const all = [...early, ...late];

describeNeeding(['mosquitto'], 'The example flow "Share the work between servers"', function () {
  this.timeout(180_000);
  const resources = resourcesOfEachTest();

  let broker: TestBroker;
  let fleet: SimulatedFleet;
  let servers: Example[];

  beforeEach(async () => {
    broker = await resources.use(startMosquitto());
    // Until they are told to go on.
    const halfWay = Object.fromEntries(late.map((hostname) => [hostname, { stallsAfterBytes: 1 }]));
    fleet = await resources.use(SimulatedFleet.start(broker.url, all, halfWay));
    const changes = changing(
      injecting({ targets: all, filename: 'main.py', timeout: '15' }),
      setting('debug', { console: true }),
    );
    const files = { 'main.py': file };
    const deploy = () => resources.use(Example.deploy('Share the work between servers', broker, changes, { files }));
    servers = [await deploy(), await deploy()];
  });

  it('gives every device the file, although one of two servers is killed half-way', async () => {
    const [requester, other] = servers as [Example, Example];
    const installed: string[] = [];
    for (const [hostname, device] of fleet.devices) device.on('installed', () => installed.push(hostname));
    const half = Promise.all([
      ...early.map((hostname) => once(fleet.get(hostname), 'installed')),
      ...late.map((hostname) => once(fleet.get(hostname), 'connected')),
    ]);
    await requester.press('request updates');
    await half;
    await other.nodeRed.kill();
    const before = new Set(installed);
    assert.ok(before.size < all.length, 'they were all served before the server was killed');
    for (const hostname of late) fleet.get(hostname).goOn();
    await requester.nodeRed.logged(/\(0 left\)/);
    assert.deepEqual(fleet.having('main.py', Buffer.from(file)), all);
    assert.ok(fleet.announced.length > all.length, 'no request had to be sent again');
  });

  it('answers a request that cannot be pushed, and goes on after one that is none', async () => {
    const client = await connectClient(resources, broker.url);
    const results = await hear(client, 'ota-push/result/+');
    const result = async () => JSON.parse((await results.next()).text) as Record<string, unknown>;
    const request = (job: unknown) => client.publishAsync('ota-push/request', JSON.stringify(job), { qos: 1 });
    for (const nonsense of ['no request', null, [], { id: 7, bytes: '' }, { id: 'a', target: 'a/#', bytes: '' }]) {
      await request(nonsense);
    }
    await client.publishAsync('ota-push/request', '{', { qos: 1 });
    await request({ id: 'b', target: 'lamp01', filename: 'tmp', bytes: '' });
    const bad = await result();
    assert.deepEqual([bad.id, bad.target, bad.result, bad.code], ['b', 'lamp01', 'failed', 'bad_input']);
    await request({
      id: 'c',
      target: 'lamp02',
      filename: 'lib/lamp.py',
      bytes: Buffer.from('pass').toString('base64'),
    });
    const good = await result();
    assert.deepEqual([good.id, good.target, good.result], ['c', 'lamp02', 'success']);
    assert.deepEqual(fleet.having('lib/lamp.py', Buffer.from('pass')), ['lamp02']);
  });
});
