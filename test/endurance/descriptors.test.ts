import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashOf } from '../../lib/protocol/announcement';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { Inbox } from '../peers/inbox';
import { connectClient } from '../peers/mqtt-client';
import { describeNeeding } from '../peers/needing';
import { ownAddress, peers } from '../peers/peers';
import { resourcesOfEachTest, resourcesOfSuite } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { giveDescriptorsBack, leaveDescriptors } from './descriptors';
import { NodeRedAtBroker } from './node-red';

const message = { target: 'nightlamp', filename: 'lamp.bin', payload: '# lamp '.repeat(500) };

describeNeeding(['prlimit'], 'Node-RED that has no descriptor left', function () {
  this.timeout(60_000);
  const suite = resourcesOfSuite();
  const resources = resourcesOfEachTest();
  let broker: AedesBroker;
  let nodeRed: NodeRedAtBroker;
  let device: SimulatedDevice;

  before(async () => {
    broker = await suite.use(startAedes());
    const server = { advertise: '', format: 'signed' };
    const push = { timeout: '1', format: 'basic' };
    nodeRed = await NodeRedAtBroker.start(suite, {
      broker,
      server,
      push,
      rollout: { timeout: '1', verifyTimeout: '0.1' },
    });
  });

  beforeEach(async () => {
    device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url }));
  });

  afterEach(() => giveDescriptorsBack(resources, nodeRed.process.pid));

  const leave = (free: number) => leaveDescriptors(resources, nodeRed.process.pid, free);
  const giveBack = () => giveDescriptorsBack(resources, nodeRed.process.pid);

  async function assertAllIsWell(): Promise<void> {
    await giveBack();
    const { payload, ota } = await nodeRed.ask('push', message);
    assert.equal(payload, 'success');
    if (peers.network.isThere()) assert.equal(ota.host, ownAddress(), 'it was found out anew');
  }

  it('for the port: listen_failed, which says what to raise; and the address to announce is found out later', async () => {
    await leave(0);
    const { ota } = await nodeRed.ask('push', message);
    assert.equal(ota.code, 'listen_failed');
    assert.match(ota.message, /EMFILE: too many open files/);
    assert.match(String(ota.remedy), /^Node-RED has more files and connections open than it may: .*LimitNOFILE/);
    await assertAllIsWell();
  });

  it("for the device's connection: no_connection, which says what to raise", async () => {
    await leave(1);
    const { ota } = await nodeRed.ask('push', message);
    assert.equal(ota.code, 'no_connection');
    assert.match(
      String(ota.remedy),
      /^The device may have been turned away \(EMFILE: too many open files\)\. Node-RED has more files/,
    );
    await assertAllIsWell();
  });

  it('for the file of counters: the clock alone makes them grow, and it is written over when it can be read', async () => {
    const roll = () => nodeRed.ask('rollout', { ...message, targets: ['nightlamp'] });
    const counters = async () =>
      JSON.parse(await readFile(join(nodeRed.userDir, 'ota-push/counters-server.json'), 'utf8'));
    await roll();
    const before = await counters();
    await leave(1);
    assert.equal((await roll()).payload, 'complete');
    await nodeRed.process.logged(/counters of signed announcements could not be .*EMFILE/);
    assert.deepEqual(await counters(), before);
    await giveBack();
    await roll();
    assert.ok((await counters()).nightlamp > before.nightlamp);
  });

  it('for the files of a release: an error, and nothing is changed or left', async () => {
    const offer = (version: string) => nodeRed.ask('update', { ...message, payload: `# ${version}`, version });
    assert.equal((await offer('1')).error, null);
    // What the server remembers of devices is written when it can be.
    const kept = async () => (await nodeRed.files()).filter((name) => name.startsWith('releases-'));
    const before = await kept();
    await leave(0);
    assert.match((await offer('2')).error?.message ?? '', /EMFILE/);
    assert.deepEqual(await kept(), before);
    await giveBack();
    assert.equal((await offer('2')).error, null);
    assert.equal((await kept()).length, before.length);
  });

  it('for the bytes of a release, as Install is pressed: a warning, and the next press is as any', async () => {
    const client = await connectClient(resources, broker.url);
    const press = () => client.publishAsync('ota-push/update/nightlamp/install', 'install', { qos: 1 });
    const release = { ...message, version: '3' };
    await nodeRed.ask('update', release);
    await leave(0);
    broker.packets.skip();
    await press();
    await nodeRed.process.logged(/ota-ha-update.*nightlamp.*EMFILE/);
    for (const isInProgress of ['true', 'false'])
      await broker.packets.nextThat(({ text }) => text.includes(`"in_progress":${isInProgress}`));
    await giveBack();
    await nodeRed.ask('update', release);
    const installed = device.next('installed');
    await press();
    await installed;
  });

  it('for the bytes of a version that a device had: an error, and the next one who wants it back gets it', async () => {
    const daylamp = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url, hostname: 'daylamp' }));
    const give = (payload: string) => nodeRed.ask('push', { ...message, target: 'daylamp', payload });
    const folder = join(nodeRed.userDir, 'ota-push', 'files-server');
    await mkdir(folder, { recursive: true });
    const changes = new Inbox<true>();
    const watcher = watch(folder, () => changes.push(true));
    resources.defer(() => watcher.close());
    assert.equal((await give('# 1')).payload, 'success');
    const first = `${hashOf(Buffer.from('# 1'), 'sha256')}.bin`;
    while (!(await readdir(folder)).includes(first)) await changes.next();
    assert.equal((await give('# 2')).payload, 'success');
    const restore = () => nodeRed.ask('push', { target: 'daylamp', filename: 'lamp.bin', restore: true });
    await leave(0);
    assert.match((await restore()).error?.message ?? '', /kept bytes of lamp\.bin can't be read: EMFILE/);
    await giveBack();
    assert.equal((await restore()).payload, 'success');
    assert.equal(String(daylamp.files.get('lamp.bin')), '# 1');
  });

  it('for the thread that checks Python: the file is sent without, and a warning says so', async () => {
    // As many as the port and the device take, and none for a thread.
    await leave(2);
    const { error } = await nodeRed.ask('push', { ...message, filename: 'main.py', payload: 'x = [' });
    assert.equal(error, null);
    await nodeRed.process.logged(/Python files are sent without a check, since MicroPython could not be loaded/);
    await assertAllIsWell();
  });
});
