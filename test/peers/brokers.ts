import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Inbox } from './inbox';

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

/** Aedes, which can be watched and told to misbehave. */
export interface AedesBroker extends TestBroker {
  /** Topics of what reached it from clients, in order. */
  readonly published: Inbox<string>;
  /** The same, with what was said. */
  readonly packets: Inbox<Publication>;
  /** Topics that clients have subscribed to, in order. */
  readonly subscribed: Inbox<string>;
  /** Ids of clients as they connect. */
  readonly clients: Inbox<string>;
  /** Ends every connection, as a broker that restarts. */
  dropAll(): void;
}

/** Aedes on a free port of one address. @param acknowledges false: it takes announcements and never says a word */
export async function startAedes({ host = '127.0.0.1', port = 0, acknowledges = true } = {}): Promise<AedesBroker> {
  const { Aedes } = await import('aedes');
  const published = new Inbox<string>();
  const packets = new Inbox<Publication>();
  const clients = new Inbox<string>();
  const subscribed = new Inbox<string>();
  const aedes = await Aedes.createBroker({
    authorizePublish: (_client, { topic, payload, retain }, done) => {
      published.push(topic);
      packets.push({ topic, text: payload.toString(), retain });
      if (acknowledges) done(null);
    },
  });
  aedes.on('subscribe', (subscriptions) => {
    for (const { topic } of subscriptions) subscribed.push(topic);
  });
  aedes.on('clientReady', ({ id }) => clients.push(id));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  server.listen(port, host);
  await once(server, 'listening');
  const { port: opened } = server.address() as AddressInfo;
  return {
    published,
    packets,
    clients,
    subscribed,
    host,
    port: opened,
    url: `mqtt://${host}:${opened}`,
    dropAll() {
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
  };
}

/** Mosquitto, the broker that most houses have. @param settings more lines of its configuration */
export async function startMosquitto(
  settings: readonly string[] = [],
  files: Record<string, string> = {},
): Promise<TestBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'mosquitto-'));
  const port = await freePort();
  const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'user root', ...settings];
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await writeFile(join(folder, 'mosquitto.conf'), lines.join('\n').replaceAll('{folder}', folder));
  const process = spawn('mosquitto', ['-v', '-c', join(folder, 'mosquitto.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(process, 'exit').catch((error: Error) => {
    throw new Error(`Mosquitto is missing. Install it with: apt-get install mosquitto (${error.message})`);
  });
  await Promise.race([
    untilLine(process.stderr, / running$/),
    exited.then(() => Promise.reject(new Error('Mosquitto ended'))),
  ]);
  process.stderr.resume();
  return {
    host: '127.0.0.1',
    port,
    url: `mqtt://127.0.0.1:${port}`,
    async stop() {
      process.kill();
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilLine(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<void> {
  const lines = createInterface({ input: stream });
  for await (const line of lines) if (pattern.test(line)) return;
}
