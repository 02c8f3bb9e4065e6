import assert from 'node:assert/strict';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { ownNamespaces } from '../peers/namespaces';
import { describeNeeding } from '../peers/needing';
import { resourcesOfEachTest, resourcesOfSuite } from '../peers/resources';
import { retainedOf } from '../peers/retained';
import { runProgram } from '../peers/run-program';
import { SimulatedDevice } from '../peers/simulated-device';
import { NodeRedAtBroker } from './node-red';

const message = { target: 'nightlamp', filename: 'lamp.bin', payload: '# lamp' };

/** A disk of its own for what the nodes keep, which nobody else sees. */
const onSmallDisk = (userDir: string) => [
  'unshare',
  ...ownNamespaces(
    ['mount'],
    ['sh', '-c', 'mkdir "$1" && mount -t tmpfs -o size=64k tmpfs "$1" && shift && exec "$@"'],
  ),
  'sh',
  join(userDir, 'ota-push'),
];

/** How a disk does not take what is written, and what the system says. */
const faults = { full: /ENOSPC: no space left on device/, 'read-only': /EROFS: read-only file system/ } as const;

describeNeeding(['namespaces'], 'A disk that does not take what the nodes keep', function () {
  this.timeout(60_000);
  const suite = resourcesOfSuite();
  const resources = resourcesOfEachTest();
  let broker: AedesBroker;
  let nodeRed: NodeRedAtBroker;
  /** The folder of the nodes as Node-RED sees it. */
  let folder: string;
  const entity = () => retainedOf(broker.packets.all).get('ota-push/update/nightlamp/state');

  before(async () => {
    broker = await suite.use(startAedes());
    const rollout = { format: 'signed', timeout: '10', verifyTimeout: '0.1' };
    nodeRed = await NodeRedAtBroker.start(suite, { broker, rollout, within: onSmallDisk });
    folder = `/proc/${nodeRed.process.pid}/root${nodeRed.userDir}/ota-push`;
  });

  async function spoil(how: keyof typeof faults): Promise<void> {
    if (how === 'read-only') await remount('ro');
    else await fill();
  }

  async function mend(): Promise<void> {
    await remount('rw');
    await rm(join(folder, 'ballast'), { force: true });
  }

  async function remount(how: 'ro' | 'rw'): Promise<void> {
    const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials'];
    // It is busy while a file is being written. Other options than this one an ordinary user could not set again.
    const mount = `for try in $(seq 200); do mount --options-mode ignore -o remount,${how} "$0" && exit; done; exit 1`;
    const inside = ['--target', String(nodeRed.process.pid), ...asRoot, '--mount', 'sh', '-c', mount];
    await runProgram(resources, 'nsenter', [...inside, join(nodeRed.userDir, 'ota-push')]);
  }

  async function fill(): Promise<void> {
    const ballast = await open(join(folder, 'ballast'), 'w');
    try {
      for (;;) await ballast.write(Buffer.alloc(4096));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    } finally {
      await ballast.close();
    }
  }

  const kept = async () => (await nodeRed.files(folder)).filter((name) => name !== 'ballast');
  const offer = (version: string, more = {}) =>
    nodeRed.ask('update', { ...message, payload: version, version, ...more });

  afterEach(mend);

  for (const [how, says] of Object.entries(faults) as [keyof typeof faults, RegExp][]) {
    it(`as it is ${how}: a release is refused with an error, and nothing is changed or left`, async () => {
      assert.equal((await offer('1')).error, null);
      const before = await kept();
      const shown = entity();
      await spoil(how);
      assert.match((await offer('2')).error?.message ?? '', says);
      assert.deepEqual(await kept(), before);
      assert.equal(entity(), shown);
      await mend();
      assert.equal((await offer('2')).error, null);
    });

    it(`as it is ${how}: an entity that is to go away stays, with an error`, async () => {
      await offer('1');
      await spoil(how);
      assert.match((await nodeRed.ask('update', { remove: true, target: 'nightlamp' })).error?.message ?? '', says);
      assert.ok(entity());
      await mend();
      assert.equal((await nodeRed.ask('update', { remove: true, target: 'nightlamp' })).error, null);
      assert.equal(entity(), undefined);
    });

    it(`as it is ${how}: signed announcements go on with the clock alone, with a warning`, async () => {
      await resources.use(SimulatedDevice.start({ brokerUrl: broker.url }));
      await spoil(how);
      nodeRed.process.log.skip();
      const roll = () => nodeRed.ask('rollout', { ...message, targets: ['nightlamp'] });
      assert.equal((await roll()).payload, 'complete');
      assert.match(await nodeRed.process.logged(/counters of signed announcements/), says);
      // Of the counters: what is known of devices is written at times of its own.
      assert.ok(!(await kept()).includes('counters-server.json.tmp'));
      await mend();
      await roll();
      assert.ok((await kept()).includes('counters-server.json'));
    });

    it(`as it is ${how}: what a device has is shown all the same`, async () => {
      await offer(how);
      const device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url, reports: true }));
      await spoil(how);
      await nodeRed.give('push', { ...message, payload: how });
      await device.next('installed');
      const isNews = `"installed_version":"${how}"`;
      await broker.packets.nextThat(({ topic, text }) => topic.endsWith('nightlamp/state') && text.includes(isNews));
    });
  }

  it('that has room for a part of a release only keeps nothing of it', async () => {
    await offer('1');
    const before = await kept();
    const files = [30_000, 40_000].map((size) => ({ filename: `${size}.bin`, payload: '#'.repeat(size) }));
    assert.match((await offer('2', { files })).error?.message ?? '', faults.full);
    assert.deepEqual(await kept(), before);
  });
});
