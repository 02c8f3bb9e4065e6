import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Announcement } from '../lib/protocol/announcement';
import { startAedes } from '../test/peers/brokers';
import { SimulatedDevice } from '../test/peers/simulated-device';
import { NodeRed } from './node-red';
import { type Own, play } from './play';
import { type Say, sayVerdict, stopwatch, type Verdict } from './say';

/** What `npm start` plays: a broker, Node-RED with the first example flow, a simulated device, and one push. */
async function demo(own: Own): Promise<number | undefined> {
  const say = stopwatch();
  const broker = await own(startAedes());
  say(`an MQTT broker runs at ${broker.url}`);
  const device = await own(SimulatedDevice.start({ hostname: 'NIGHTLAMP', brokerUrl: broker.url }));
  say('NIGHTLAMP, a simulated device, listens on NIGHTLAMP/OTA');
  narrate(device, say);
  const nodeRed = await own(NodeRed.start(await exampleFlow(broker.port)));
  say(`Node-RED runs with the example flow "Push one file": ${nodeRed.url}`);

  const result = await pushOnce(nodeRed, say);
  if (process.argv.includes('--once')) return result === 'success' ? 0 : 1;
  console.log(`\nOpen ${nodeRed.url}, press the button of the inject node, and watch the debug sidebar. Ctrl-C ends.`);
  return undefined;
}

/** Says what the device sees, step by step. */
function narrate(device: SimulatedDevice, say: Say): void {
  device.on('announcement', (announcement: Announcement) => {
    const { host, port, filename, hash } = announcement;
    say(`NIGHTLAMP hears the announcement  ${host}|${port}|${filename}|${hash}`);
  });
  device.on('connected', () => say('NIGHTLAMP has connected'));
  device.on('installed', (filename: string, bytes: Buffer, reboots: boolean) => {
    say(`NIGHTLAMP has all ${bytes.length} bytes, the hash is right: ${filename} is replaced`);
    if (reboots) say('NIGHTLAMP restarts (simulated)');
  });
  device.on('mismatch', () => say('NIGHTLAMP keeps its old file: the hash differs'));
}

/** The example, with the demo's broker, device and file put in. */
async function exampleFlow(brokerPort: number): Promise<{ id: string }[]> {
  const text = await readFile(resolve(__dirname, '../examples/Push one file.json'), 'utf8');
  const file = resolve(__dirname, 'main.py');
  const changes: Record<string, Record<string, unknown>> = {
    'mqtt-broker': { broker: '127.0.0.1', port: String(brokerPort) },
    'ota-server': { advertise: '127.0.0.1' },
    inject: {
      props: [
        { p: 'target', v: 'NIGHTLAMP', vt: 'str' },
        { p: 'filename', v: file, vt: 'str' },
      ],
    },
  };
  return (JSON.parse(text) as { id: string; type: string }[]).map((node) => ({ ...node, ...changes[node.type] }));
}

/** Presses the button of the flow's inject node, and tells what comes out of the OTA push, now and later; the first result. */
async function pushOnce(nodeRed: NodeRed, say: Say): Promise<string> {
  const outputs = ['0b7e52c4f9a3186d', 'e4a8931d6c5f072b'];
  nodeRed.onInput<Verdict>(outputs, (verdict) => sayVerdict(verdict, say));
  const ended = Promise.race(outputs.map(async (id) => (await once(nodeRed.node(id), 'input'))[0] as Verdict));
  say('the inject node is pressed: main.py to NIGHTLAMP');
  nodeRed.node('c93b60d1e8f4a572').receive();
  return (await ended).payload;
}

void play(demo);
