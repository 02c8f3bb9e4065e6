import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect as connectTcp, createServer } from 'node:net';
import { join } from 'node:path';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { listen } from '../peers/listen';
import { describeNeeding } from '../peers/needing';
import { NodeRedProcess } from '../peers/node-red-process';
import { installPacked } from '../peers/packed';
import { type Resources, resourcesOfEachTest, resourcesOfSuite } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { place, pushDefaults, serverDefaults } from '../peers/test-flow';
import { runtimeIn } from '../peers/versions';

/** Ten times what a page of the kernel's table of connections holds: the device's is on another page. */
const connections = 300;

interface Result {
  readonly payload: string;
  readonly ota: { readonly code: string | null; readonly message: string; readonly sent: number };
}

const versions = [
  ['Node.js 18.5 with Node-RED 3.1, the oldest', 'node-18.5'],
  ['Node.js 18 with Node-RED 4', 'node-18'],
  ['Node.js 24 with Node-RED 5, the newest', 'node-24'],
] as const;

for (const [what, place] of versions) {
  describeNeeding(['versions'], `On ${what}, the package`, function () {
    this.timeout(180_000);
    const resources = resourcesOfEachTest();
    const suite = resourcesOfSuite();

    let broker: AedesBroker;
    let nodeRed: NodeRedProcess;

    before(async () => {
      broker = await suite.use(startAedes());
      const userDir = await installPacked(suite);
      await writeFile(join(userDir, 'flows.json'), JSON.stringify(flowOf(broker.port)));
      nodeRed = await suite.use(NodeRedProcess.start(userDir, 'flows.json', { runtime: runtimeIn(place) }));
      await nodeRed.logged(/Connected to broker/);
    });

    /** How the push of a file of so many bytes ended; of 0 bytes: of one that does not compile. */
    async function push(bytes: number): Promise<Result> {
      const response = await fetch(`${nodeRed.url}/inject/go`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ __user_inject_props__: [{ p: 'payload', v: String(bytes), vt: 'num' }] }),
      });
      assert.equal(response.status, 200);
      const { text } = await broker.packets.nextThat(({ topic }) => topic === 'result');
      return JSON.parse(text) as Result;
    }

    it('pushes a file to a device', async () => {
      const device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url }));
      const { payload, ota } = await push(3800);
      assert.deepEqual([payload, ota.code, ota.sent], ['success', null, 3800]);
      assert.equal(device.files.get('main.py')?.length, 3800);
    });

    it('refuses Python that does not compile', async () => {
      const { ota } = await push(0);
      assert.equal(ota.code, 'bad_input');
      assert.match(ota.message, /^main\.py does not compile, line 1: .* says MicroPython \d/);
    });

    it('notices a device that takes no more bytes, however many connections the machine has', async () => {
      await holdConnections(resources, connections);
      await resources.use(SimulatedDevice.start({ brokerUrl: broker.url, stallsAfterBytes: 10_000 }));
      const { payload, ota } = await push(8 * 1024 * 1024);
      assert.deepEqual([payload, ota.code], ['timeout', 'stalled']);
      assert.ok(ota.sent > 0, `${ota.sent} bytes were acknowledged`);
    });
  });
}

/** In the same table as the OTA server's, which listens on all addresses. */
async function holdConnections(resources: Resources, count: number): Promise<void> {
  const server = createServer();
  resources.defer(() => server.close());
  const port = await listen(server, '::');
  for (let index = 0; index < count; index += 1) {
    const socket = connectTcp(port, '127.0.0.1');
    resources.defer(() => socket.destroy());
    await once(socket, 'connect');
  }
}

function flowOf(port: number) {
  const toFile =
    'return {target: "nightlamp", filename: "main.py", payload: msg.payload ? Buffer.alloc(msg.payload, "# lamp ") : "def lamp(:"};';
  const toText = 'return {topic: "result", payload: JSON.stringify({payload: msg.payload, ota: msg.ota})};';
  return [
    { id: 'tab', type: 'tab', label: 'Versions' },
    { id: 'broker', type: 'mqtt-broker', broker: '127.0.0.1', port: String(port), protocolVersion: '4' },
    { id: 'server', type: 'ota-server', ...serverDefaults, broker: 'broker', advertise: '127.0.0.1' },
    {
      id: 'go',
      ...place,
      type: 'inject',
      props: [{ p: 'payload' }],
      payload: '0',
      payloadType: 'num',
      wires: [['file']],
    },
    { id: 'file', ...place, type: 'function', func: toFile, outputs: 1, wires: [['push']] },
    {
      id: 'push',
      ...place,
      type: 'ota-push',
      ...pushDefaults,
      server: 'server',
      timeout: '5',
      wires: [['text'], ['text']],
    },
    { id: 'refused', ...place, type: 'catch', scope: ['push'], wires: [['text']] },
    { id: 'text', ...place, type: 'function', func: toText, outputs: 1, wires: [['out']] },
    { id: 'out', ...place, type: 'mqtt out', broker: 'broker', topic: '', qos: '1', wires: [] },
  ];
}
