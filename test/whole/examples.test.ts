import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connectAsync } from 'mqtt';
import { Board } from '../peers/board';
import { startAedes, type TestBroker } from '../peers/brokers';
import { Inbox } from '../peers/inbox';
import { NodeRedProcess } from '../peers/node-red-process';
import { program } from '../peers/programs';
import { SimulatedDevice } from '../peers/simulated-device';

const root = resolve(__dirname, '../..');

interface ExampleNode {
  readonly id: string;
  readonly type: string;
  readonly [property: string]: unknown;
}

/** An example as a user imports it: the broker, the address and the file set, then deployed in Node-RED. */
describe('The example flow', () => {
  let broker: TestBroker;
  let userDir: string;
  let nodeRed: NodeRedProcess | undefined;
  const devices: SimulatedDevice[] = [];

  beforeEach(async () => {
    broker = await startAedes();
    userDir = await mkdtemp(join(tmpdir(), 'ota-push-example-'));
    await mkdir(join(userDir, 'node_modules'));
    await symlink(root, join(userDir, 'node_modules', 'node-red-contrib-ota-push'));
    await writeFile(join(userDir, 'main.py'), 'print("new")\n');
  });

  afterEach(async () => {
    await nodeRed?.stop();
    await Promise.all(devices.splice(0).map((device) => device.stop()));
    await broker.stop();
    await rm(userDir, { recursive: true });
  });

  async function deploy(example: string): Promise<ExampleNode> {
    const nodes = JSON.parse(await readFile(join(root, 'examples', `${example}.json`), 'utf8')) as ExampleNode[];
    const changed = nodes.map((node) => ({ ...node, ...changesFor(node) }));
    const flows = join(userDir, 'flows.json');
    await writeFile(flows, JSON.stringify(changed));
    nodeRed = await NodeRedProcess.start(userDir, flows);
    return nodes.find(({ type }) => type === 'inject') ?? assert.fail('it has no inject node');
  }

  function changesFor(node: ExampleNode): object {
    if (node.type === 'mqtt-broker') return { broker: '127.0.0.1', port: String(broker.port) };
    if (node.type === 'ota-server') return { advertise: '127.0.0.1' };
    if (node.type !== 'inject') return {};
    const file = join(userDir, 'main.py');
    const props = (node.props as { p: string }[]).map((prop) => (prop.p === 'filename' ? { ...prop, v: file } : prop));
    return { props };
  }

  async function press(inject: ExampleNode): Promise<void> {
    const response = await fetch(`${nodeRed?.url}/inject/${inject.id}`, { method: 'POST' });
    assert.equal(response.status, 200);
  }

  async function device(hostname: string): Promise<SimulatedDevice> {
    const started = await SimulatedDevice.start({ hostname, brokerUrl: broker.url });
    devices.push(started);
    return started;
  }

  it('"Push one file" updates the device when its button is pressed', async () => {
    const lamp = await device('NIGHTLAMP');
    const installed = lamp.next('installed');
    await press(await deploy('Push one file'));
    const [filename, bytes, reboots] = await installed;
    assert.deepEqual([filename, String(bytes), reboots], ['main.py', 'print("new")\n', true]);
  });

  it('"Update a board" says success when the new program runs on a real board', async () => {
    const boards = program(broker.port, 1);
    const board = await Board.start({ files: { 'main.py': boards } });
    await board.waitFor('ready');
    await writeFile(join(userDir, 'main.py'), program(broker.port, 2));
    const client = await connectAsync(broker.url);
    const states = new Inbox<string>();
    client.on('message', (_topic, payload) => states.push(JSON.parse(payload.toString()).state));
    await client.subscribeAsync('nightlamp/OTA/status');
    await press(await deploy('micropython/Update a board'));
    assert.deepEqual([await states.next(), await states.next()], ['installed', 'running']);
    assert.ok(board.lines.includes('lamp version 2'));
    await client.endAsync();
    await board.stop();
  });

  it('"Update every night" updates every device of its list, at 03:00 or when its button is pressed', async () => {
    const lamps = [await device('NIGHTLAMP'), await device('DAYLAMP')];
    const installed = Promise.all(lamps.map((lamp) => lamp.next('installed')));
    const inject = await deploy('Update every night');
    assert.equal(inject.crontab, '00 03 * * *');
    await press(inject);
    for (const [filename, bytes] of await installed)
      assert.deepEqual([filename, String(bytes)], ['main.py', 'print("new")\n']);
  });
});
