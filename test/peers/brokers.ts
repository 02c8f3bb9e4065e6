import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Client } from 'aedes' with { 'resolution-mode': 'import' };
import { Inbox } from './inbox';
import { mosquitto, present } from './peers';

/** A broker that a test has started. */
export interface TestBroker {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** What a client has published. */
export interface Publication {
  readonly topic: string;
  readonly text: string;
  readonly retain: boolean;
}

/** A broker that tells what clients listen to. */
export interface WatchedBroker extends TestBroker {
  /** Topics that clients have subscribed to, in order. */
  readonly subscribed: Inbox<string>;
}

/** Aedes, which can be watched and told to misbehave. */
export interface AedesBroker extends WatchedBroker {
  /** Topics of what reached it from clients, in order. */
  readonly published: Inbox<string>;
  /** The same, with what was said. */
  readonly packets: Inbox<Publication>;
  /** Topics that clients have asked for, in order, whatever was answered. */
  readonly asked: Inbox<string>;
  /** Ids of clients as they connect. */
  readonly clients: Inbox<string>;
  /** Ids of clients as they ping. */
  readonly pings: Inbox<string>;
  /** Ends every connection, as a broker that restarts. */
  dropAll(): void;
}

/** What Aedes does otherwise than other brokers. */
export interface AedesBehaviour {
  readonly host?: string;
  readonly port?: number;
  /** Which publications it acknowledges and brings on, all unless said: of the others it takes every one and never says a word. */
  readonly acknowledges?: (topic: string) => boolean;
  /** Publications on which the connection is ended without an answer, as AWS IoT does with MQTT 3.1.1; none unless said. */
  readonly endsOn?: (topic: string, clientId: string) => boolean;
  /** What becomes of a subscription: it is refused, or the connection is ended without an answer (AWS IoT, MQTT 3.1.1). */
  readonly answers?: (topic: string, clientId: string) => 'granted' | 'refused' | 'ended';
  /** Every message is kept: as if it were retained, or to be sent as a new one after each subscription (ioBroker). */
  readonly keeps?: 'retained' | 'resent';
}

/** How long ioBroker takes to send what it keeps. */
const resendsAfterMs = 200;

/** Aedes on a free port of one address. */
export async function startAedes({
  host = '127.0.0.1',
  port = 0,
  acknowledges = () => true,
  endsOn = () => false,
  answers = () => 'granted',
  keeps,
}: AedesBehaviour = {}): Promise<AedesBroker> {
  const { Aedes } = await import('aedes');
  const published = new Inbox<string>();
  const packets = new Inbox<Publication>();
  const clients = new Inbox<string>();
  const pings = new Inbox<string>();
  const subscribed = new Inbox<string>();
  const asked = new Inbox<string>();
  const states = new Map<string, string | Buffer>();
  const resends: NodeJS.Timeout[] = [];
  const aedes = await Aedes.createBroker({
    authorizePublish: (client, packet, done) => {
      const { topic, payload, retain } = packet;
      published.push(topic);
      packets.push({ topic, text: payload.toString(), retain });
      if (keeps === 'resent') states.set(topic, payload);
      if (keeps) packet.retain = keeps === 'retained';
      if (endsOn(topic, client?.id ?? '')) done(new Error('forbidden'));
      else if (acknowledges(topic)) done(null);
    },
    authorizeSubscribe: (client, subscription, done) => {
      asked.push(subscription.topic);
      const answer = answers(subscription.topic, client?.id ?? '');
      if (answer === 'ended') done(new Error('forbidden'));
      else done(null, answer === 'refused' ? null : subscription);
    },
  });
  aedes.on('subscribe', (subscriptions, client) => {
    for (const { topic } of subscriptions) subscribed.push(topic);
    if (keeps === 'resent') resends.push(setTimeout(() => resend(client, subscriptions), resendsAfterMs));
  });
  const resend = (client: Client, subscriptions: readonly { readonly topic: string }[]) => {
    for (const [topic, payload] of states) {
      const isMeant = subscriptions.some((subscription) => matches(subscription.topic, topic));
      const packet = { cmd: 'publish', qos: 0, dup: false, retain: false, topic, payload } as const;
      if (isMeant) client.publish(packet, () => undefined);
    }
  };
  aedes.on('clientReady', ({ id }) => clients.push(id));
  aedes.on('ping', (_packet, { id }) => pings.push(id));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.setNoDelay();
    aedes.handle(socket);
  });
  const close = () => new Promise<void>((resolve) => aedes.close(resolve));
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    await close();
    throw error;
  }
  const { port: opened } = server.address() as AddressInfo;
  return {
    published,
    packets,
    clients,
    pings,
    subscribed,
    asked,
    host,
    port: opened,
    url: `mqtt://${host}:${opened}`,
    dropAll() {
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      for (const timer of resends) clearTimeout(timer);
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      await close();
    },
  };
}

/** Whether a topic filter of MQTT's means the topic. */
function matches(filter: string, topic: string): boolean {
  const [levels, names] = [filter.split('/'), topic.split('/')];
  const isRest = levels.at(-1) === '#';
  if (isRest) levels.pop();
  if (isRest ? names.length < levels.length : names.length !== levels.length) return false;
  return levels.every((level, index) => level === '+' || level === names[index]);
}

/** Mosquitto, the broker that most houses have. @param settings more lines of its configuration */
export async function startMosquitto(
  settings: readonly string[] = [],
  files: Record<string, string> = {},
): Promise<WatchedBroker> {
  const program = present(mosquitto(), 'mosquitto');
  const folder = await mkdtemp(join(tmpdir(), 'mosquitto-'));
  const port = await freePort();
  const asRoot = process.getuid?.() === 0 ? ['user root'] : []; // else it could not read its own folder
  const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'set_tcp_nodelay true', ...asRoot, ...settings];
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await writeFile(join(folder, 'mosquitto.conf'), lines.join('\n').replaceAll('{folder}', folder));
    const child = spawn(program, ['-v', '-c', join(folder, 'mosquitto.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
    const exited = once(child, 'exit');
    const log = createInterface({ input: child.stderr });
    const subscribed = new Inbox<string>();
    log.on('line', (line) => {
      const [, topic] = /\t(\S+) \(QoS \d\)$/.exec(line) ?? [];
      if (topic) subscribed.push(topic);
    });
    await untilLine(log, / running$/, 'Mosquitto');
    return {
      subscribed,
      host: '127.0.0.1',
      port,
      url: `mqtt://127.0.0.1:${port}`,
      async stop() {
        child.kill('SIGKILL'); // Mosquitto loses a SIGTERM that comes as soon as it runs
        await exited;
        await removeFolder();
      },
    };
  } catch (error) {
    await removeFolder();
    throw error;
  }
}

/**
 * Ports for listeners that can't choose one themselves, each once. They lie below those that the kernel gives to connections and to
 * port 0, and processes that run tests side by side begin at different ones.
 */
const candidates = candidatePorts();

function* candidatePorts(): Generator<number, never> {
  const [first, count] = [20_000, 12_000];
  for (let index = process.pid * 100; ; index += 1) yield first + (index % count);
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = candidates.next().value;
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** @throws Error with all that was said, where the program ends without that line */
async function untilLine(log: Interface, pattern: RegExp, program: string): Promise<void> {
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    log.on('close', () => reject(new Error(`${program} ended:\n${said.join('\n')}`)));
    log.on('line', function take(line: string) {
      said.push(line);
      if (!pattern.test(line)) return;
      log.off('line', take);
      resolve();
    });
  });
}
