import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Announcement } from '../nodes/lib/push/announcement';
import { startAedes } from '../test/peers/brokers';
import { SimulatedDevice } from '../test/peers/simulated-device';
import { NodeRed } from './node-red';

/** What `npm start` runs: a broker, Node-RED with the first example flow, a simulated device, and one push. */
async function main(): Promise<void> {
  const say = stopwatch();
  const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const broker = await startAedes();
  say(`an MQTT broker runs at ${broker.url}`);
  const device = await SimulatedDevice.start({ hostname: 'NIGHTLAMP', brokerUrl: broker.url });
  say('NIGHTLAMP, a simulated device, listens on NIGHTLAMP/OTA');
  narrate(device, say);
  const nodeRed = await NodeRed.start(await exampleFlow(broker.port));
  say(`Node-RED runs with the example flow "Push one file": ${nodeRed.url}`);

  const stop = async (): Promise<void> => {
    await nodeRed.stop();
    await device.stop();
    await broker.stop();
  };

  const result = await pushOnce(nodeRed, say);
  if (process.argv.includes('--once')) {
    await stop();
    process.exit(result === 'success' ? 0 : 1);
  }
  console.log(`\nOpen ${nodeRed.url}, press the button of the inject node, and watch the debug sidebar. Ctrl-C ends.`);
  await interrupted;
  await stop();
  process.exit(0);
}

type Say = (text: string) => void;

function stopwatch(): Say {
  const startedAt = performance.now();
  return (text) => console.log(`${((performance.now() - startedAt) / 1000).toFixed(3).padStart(7)} s  ${text}`);
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

/** Presses the button of the flow's inject node; the result, as it comes out of the OTA push. */
async function pushOnce(nodeRed: NodeRed, say: Say): Promise<string> {
  const inject = nodeRed.node('c93b60d1e8f4a572');
  const outputs = [nodeRed.node('0b7e52c4f9a3186d'), nodeRed.node('e4a8931d6c5f072b')];
  const ended = Promise.race(outputs.map(async (output) => (await once(output, 'input'))[0]));
  say('the inject node is pressed: main.py to NIGHTLAMP');
  inject.receive();
  const { payload, ota } = await ended;
  say(`OTA push says ${payload}: ${ota.message}`);
  if (ota.remedy) say(ota.remedy);
  return payload;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
