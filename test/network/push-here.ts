import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePort, startAedes, startMosquitto } from '../peers/brokers';
import { makeCertificate } from '../peers/certificate';
import { Resources } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { TestFlow } from '../peers/test-flow';
import { startPeerIn } from './start-peer';

/** What stands where on a host with networks of its own. */
export interface Scene {
  /** The address that the broker listens on. */
  readonly brokerAt: string;
  /** The broker runs in the namespace `container`, and its port is published on all addresses of this host. */
  readonly isInContainer?: boolean;
  /** How Node-RED reaches the broker: plainly unless said. The device always does so, on this host. */
  readonly over?: 'mqtts' | 'ws' | 'wss';
  /** The file of Node-RED's MQTT nodes, where they are those of another Node-RED than ours. */
  readonly mqttNodes?: string;
  /** The address of the broker that Node-RED has; that where it listens unless said. */
  readonly brokerFor?: string;
  /** The device sits in this namespace, and has that address of the broker; unless said it sits on this host. Null: there is none. */
  readonly device?: { readonly namespace: string; readonly broker: string } | null;
  /** Properties of the OTA server. */
  readonly server?: Readonly<Record<string, unknown>>;
  /** How long a push waits for the device, in seconds. */
  readonly timeout?: string;
}

/** What came of two pushes. */
export interface Seen {
  readonly payloads: string[];
  readonly hosts: string[];
  readonly remedies: (string | null)[];
  readonly warnings: string[];
}

/** A program of its own, to be run on a host with other networks: pushes twice and prints what was seen. Usage: push-here.ts SCENE_AS_JSON */
async function main([text = '']: readonly string[]): Promise<void> {
  const scene = JSON.parse(text) as Scene;
  const resources = new Resources();
  try {
    const broker = scene.over
      ? await startOtherBroker(resources, scene, scene.over)
      : await startBroker(resources, scene);
    await startDevice(resources, scene, broker.forDevice);
    const { mqttNodes, timeout = '20' } = scene;
    const server = { advertise: '', ...scene.server };
    const settings = { broker: broker.forNodeRed, server, push: { timeout }, ...(mqttNodes ? { mqttNodes } : {}) };
    const flow = await resources.use(TestFlow.start(settings));
    console.log(JSON.stringify(await pushTwice(flow)));
  } finally {
    await resources.end();
  }
}

async function pushTwice(flow: TestFlow): Promise<Seen> {
  const payloads: string[] = [];
  const hosts: string[] = [];
  const remedies: (string | null)[] = [];
  for (let turn = 0; turn < 2; turn += 1) {
    const { payload, ota } = await flow.push({ payload: 'print("hello")', target: 'nightlamp', filename: 'main.py' });
    payloads.push(String(payload));
    hosts.push(String(ota.host));
    remedies.push(ota.remedy as string | null);
  }
  return { payloads, hosts, remedies, warnings: flow.logged('WARN').filter((text) => text.startsWith('ota-')) };
}

/** Where a broker is for whom. */
interface BrokerPlaces {
  readonly forNodeRed: { readonly host: string; readonly port: number };
  readonly forDevice: string;
}

async function startBroker(resources: Resources, scene: Scene): Promise<BrokerPlaces> {
  const { brokerAt, isInContainer = false, brokerFor = brokerAt, device } = scene;
  let port: number;
  if (isInContainer) {
    port = Number(await startPeerIn(resources, 'container', 'broker', brokerAt));
    await publishPort(resources, brokerAt, port);
  } else {
    ({ port } = await resources.use(startAedes({ host: brokerAt })));
  }
  return { forNodeRed: { host: brokerFor, port }, forDevice: `mqtt://${device?.broker ?? brokerAt}:${port}` };
}

/** Mosquitto, with one listener for Node-RED and another for the device. */
async function startOtherBroker(
  resources: Resources,
  { brokerAt, brokerFor = brokerAt }: Scene,
  over: NonNullable<Scene['over']>,
): Promise<BrokerPlaces> {
  const port = await freePort();
  const hasTls = over !== 'ws';
  const settings = [
    `listener ${port} ${brokerAt}`,
    ...(over === 'mqtts' ? [] : ['protocol websockets']),
    ...(hasTls ? ['certfile {folder}/tls.pem', 'keyfile {folder}/tls.pem'] : []),
  ];
  const broker = await resources.use(startMosquitto(settings, hasTls ? { 'tls.pem': await makeCertificate() } : {}));
  return { forNodeRed: { host: `${over}://${brokerFor}:${port}`, port }, forDevice: broker.url };
}

async function startDevice(resources: Resources, { device }: Scene, brokerUrl: string): Promise<void> {
  if (device === null) return;
  if (device) await startPeerIn(resources, device.namespace, 'device', brokerUrl);
  else await resources.use(SimulatedDevice.start({ brokerUrl }));
}

/** Publishes a container's port on all addresses of this host, as Docker's proxy does. */
async function publishPort(resources: Resources, host: string, port: number): Promise<void> {
  const sockets = new Set<Socket>();
  const proxy = createServer((outer) => {
    const inner = connect(port, host);
    for (const [socket, other] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy()).once('close', () => sockets.delete(socket));
      socket.pipe(other);
    }
  }).listen(port, '0.0.0.0');
  resources.defer(async () => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
    await once(proxy, 'close');
  });
  await once(proxy, 'listening');
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
