import assert from 'node:assert/strict';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import helper, { type TestFlows } from 'node-red-node-test-helper';
import { emptyRecord } from '../../lib/devices/record';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { Example, injecting, nodesOf } from '../peers/example';
import { resourcesOfEachTest } from '../peers/resources';
import { runProgram } from '../peers/run-program';
import { lamps, SimulatedFleet } from '../peers/simulated-fleet';
import { temporaryFolder } from '../peers/temporary-folder';
import { listener, TestFlow } from '../peers/test-flow';

const name = 'Update every night when the file has changed';

describe('What an OTA server knows of devices, in a whole Node-RED', function () {
  this.timeout(90_000);
  const resources = resourcesOfEachTest();

  const all = lamps(20);
  let broker: AedesBroker;
  let fleet: SimulatedFleet;
  let example: Example;

  const start = async (behaviour: object = {}, kept: Readonly<Record<string, string>> = {}) => {
    broker = await resources.use(startAedes());
    const slow = Object.fromEntries(all.slice(15).map((hostname) => [hostname, behaviour]));
    fleet = await resources.use(SimulatedFleet.start(broker.url, all, slow));
    const files = { ...kept, 'main.py': `# ${'x'.repeat(2_000_000)}\n` };
    example = await resources.use(
      Example.deploy(name, broker, injecting({ targets: all, filename: 'main.py' }), { files }),
    );
  };

  const folder = () => join(example.userDir, 'ota-push');
  const updated = async () => {
    await example.press();
    return /\d+ updated, .*/.exec(await example.nodeRed.logged(/ updated, /))?.[0];
  };

  it('is whole after it was killed in the middle of a rollout, and right after the next one', async () => {
    await start({ pausesMsAfterEachRead: 20 });
    const fast = all.slice(0, 15).map((hostname) => fleet.get(hostname).next('installed'));
    await example.press();
    await Promise.all(fast);
    await example.nodeRed.kill();
    await example.restart();
    await updated();
    assert.deepEqual(fleet.having('main.py', await readFile(join(example.userDir, 'main.py'))), all);
    assert.equal(await updated(), '0 updated, 20 had the file, 0 failed.');
    assert.deepEqual(
      example.nodeRed.log.all.filter((line) => /could not be/.test(line)),
      [],
    );
    assert.deepEqual(
      (await readdir(folder())).filter((file) => /damaged/.test(file)),
      [],
    );
  });

  it('is whole after it was killed in the middle of a write, with what was known before', async () => {
    const before = lamps(1000, 1001);
    const book = `ota-push/devices-${nodesOf(name).find(({ type }) => type === 'ota-server')?.id}.jsonl`;
    const lines = before.map((target) => ({ ...emptyRecord(target), pushed: 1 }));
    const text = [{ format: 1, devices: lines.length }, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
    await start({}, { [book]: text });
    // A pipe takes no more than is read and some 64 KB: there the write stops, and does not end before the kill.
    const beside = join(example.userDir, `${book}.tmp`);
    await runProgram(resources, 'mkfifo', [beside]);
    const reading = open(beside);
    await example.press();
    const pipe = await reading;
    const half = await pipe.read();
    await example.nodeRed.kill();
    await pipe.close();
    await rm(beside);
    await writeFile(beside, half.buffer.subarray(0, half.bytesRead));
    assert.equal(await readFile(join(example.userDir, book), 'utf8'), text);
    await example.restart();
    await updated();
    assert.equal(await updated(), '0 updated, 20 had the file, 0 failed.');
    await example.nodeRed.stop();
    const [, ...devices] = (await readFile(join(example.userDir, book), 'utf8')).trimEnd().split('\n');
    assert.equal(devices.length, before.length + all.length);
    assert.deepEqual(
      (await readdir(folder())).filter((file) => !file.startsWith('files-')),
      [basename(book)],
    );
  });

  it('goes with the server when that is deleted, and not when it is disabled', async () => {
    await start();
    await updated();
    await example.deployed((flows) => flows);
    assert.equal((await readdir(folder())).length, 2);
    const server = example.node('ota-server').id;
    for (const kind of ['full', 'flows', 'nodes'] as const) {
      await example.deployed((flows) => flows.map((node) => (node.id === server ? { ...node, d: true } : node)), kind);
      assert.equal((await readdir(folder())).length, 2, kind);
      await example.deployed((flows) => flows.map(({ d: _disabled, ...node }) => node as (typeof flows)[number]), kind);
    }
    await example.deployed((flows) => flows.filter(({ id }) => id !== server));
    assert.deepEqual(await readdir(folder()), []);
  });
});

/** A broker node of Node-RED's, with the nodes that use its connection, by their ids. */
interface BrokerNode {
  readonly users: Readonly<Record<string, unknown>>;
}

describe('An OTA server that is deleted', () => {
  const resources = resourcesOfEachTest();

  const deleteServer = async ({ host, port }: AedesBroker) => {
    // The broker as it was: else it would be another one from now on.
    const mqtt = { broker: host, port: String(port), protocolVersion: '4', keepalive: '60', autoConnect: true };
    const left = [
      { id: 'tab', type: 'tab', label: 'Test' },
      { id: 'broker', type: 'mqtt-broker', cleansession: true, ...mqtt },
      listener('output1'),
    ];
    await helper.setFlows(left as TestFlows, 'nodes');
  };

  it('takes what it knew of devices with it, also where it is not set up any more', async () => {
    const broker = await resources.use(startAedes());
    const userDir = await temporaryFolder(resources, 'deleted-server');
    const files = join(userDir, 'ota-push', 'files-server');
    await mkdir(files, { recursive: true });
    await writeFile(join(files, `${'a'.repeat(64)}.bin`), 'a password');
    await writeFile(join(userDir, 'ota-push', 'devices-server.jsonl'), 'devices');
    await resources.use(TestFlow.start({ broker, userDir, server: { ports: 'none' } }));
    await deleteServer(broker);
    assert.deepEqual(await readdir(join(userDir, 'ota-push')), []);
  });

  it('leaves its broker, also where what it knew of devices cannot be removed', async () => {
    const broker = await resources.use(startAedes());
    const userDir = await temporaryFolder(resources, 'deleted-server');
    const flow = await resources.use(TestFlow.start({ broker, userDir }));
    const brokerNode = flow.node('broker') as unknown as BrokerNode;
    assert.deepEqual(Object.keys(brokerNode.users), ['server-sender']);
    await mkdir(join(userDir, 'ota-push'), { recursive: true });
    await writeFile(join(userDir, 'ota-push', 'files-server'), 'a file where a folder is expected');
    await deleteServer(broker);
    assert.equal(flow.node('broker'), brokerNode);
    assert.deepEqual(Object.keys(brokerNode.users), []);
  });
});
