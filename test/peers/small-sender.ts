/** The least code that updates a board: an MQTT client and a TCP server, told by the test what to announce and to send. */

import { createHash, createHmac } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import type { MqttClient } from 'mqtt';
import type { TestBroker } from './brokers';
import { Inbox } from './inbox';
import { listen } from './listen';
import { connectClient } from './mqtt-client';
import { Resources } from './resources';

/** A device's report (protocol 5.2). */
export interface Report {
  readonly state: string;
  readonly file: string | null;
  readonly hash: string | null;
  readonly error: string | null;
  readonly exception?: string;
  readonly guard?: boolean;
  readonly counter?: number;
}

/** What a server does with a device that connects. */
export type Behaviour = (socket: Socket) => unknown;

export class SmallSender {
  readonly reports = new Inbox<Report>();
  readonly #client: MqttClient;
  readonly #hostname: string;
  readonly #resources: Resources;
  readonly #sockets = new Set<Socket>();
  #connections = 0;

  static async connect(broker: TestBroker, hostname = 'nightlamp'): Promise<SmallSender> {
    const resources = new Resources();
    try {
      const client = await connectClient(resources, broker.url);
      const sender = new SmallSender(client, hostname, resources);
      await client.subscribeAsync(`${hostname}/OTA/status`);
      return sender;
    } catch (error) {
      await resources.end();
      throw error;
    }
  }

  private constructor(client: MqttClient, hostname: string, resources: Resources) {
    this.#client = client;
    this.#hostname = hostname;
    this.#resources = resources;
    client.on('message', (_topic, payload) => this.reports.push(JSON.parse(payload.toString())));
  }

  /** How many connections its servers have had. */
  get connections(): number {
    return this.#connections;
  }

  /** Listens for devices. @returns the port */
  async listen(behaviour: Behaviour): Promise<number> {
    const server = createServer((socket) => {
      this.#connections += 1;
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy()); // a device that closes early is what some tests are about
      behaviour(socket);
    });
    this.#resources.defer(() => server.close());
    return listen(server);
  }

  /** Publishes at QoS 1 to `<hostname>/...`. */
  async publish(topic: string, payload: string | Buffer): Promise<void> {
    await this.#client.publishAsync(`${this.#hostname}/${topic}`, payload, { qos: 1 });
  }

  /** Announces in these very bytes. */
  announce(payload: string | Buffer): Promise<void> {
    return this.publish('OTA', payload);
  }

  /** Offers a file in the basic form. @param tail what follows the hash: nothing, `|0` or `|1` */
  async push(name: string, content: string | Buffer, tail = '', algorithm = 'sha1'): Promise<void> {
    const port = await this.listen((socket) => socket.end(content));
    await this.announce(`127.0.0.1|${port}|${name}|${digest(content, algorithm)}${tail}`);
  }

  /** The next report, as `state`, or `state error`. */
  async report(): Promise<string> {
    const { state, error } = await this.reports.next();
    return error === null ? state : `${state} ${error}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.#resources.end();
  }
}

/** A file's hash, lower-case hex. */
export function digest(content: string | Buffer, algorithm = 'sha1'): string {
  return createHash(algorithm).update(content).digest('hex');
}

/** A device's own key (protocol 6.1), 64 hex digits. */
export function deviceKey(master: string, hostname: string): string {
  return createHmac('sha256', master).update(hostname).digest('hex');
}

/** An announcement's text with its signature behind it (protocol 6.2). */
export function signed(text: string, key: string): string {
  return `${text}|${createHmac('sha256', Buffer.from(key, 'hex')).update(text).digest('hex')}`;
}
