import { createHash } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { connectAsync, type MqttClient } from 'mqtt';
import { announcementProblem } from './announced';

/**
 * Whatever is announced on a broker, whoever it is for, is fetched, checked, and reported as installed and running; but for
 * devices whose name is `absent`. Each announcement is read strictly.
 */
export class AnsweringDevice {
  announcements = 0;
  readonly #client: MqttClient;
  readonly #onProblem: (problem: string) => void;

  static async start(brokerUrl: string, onProblem: (problem: string) => void): Promise<AnsweringDevice> {
    const device = new AnsweringDevice(await connectAsync(brokerUrl, { reconnectPeriod: 0 }), onProblem);
    await device.#client.subscribeAsync('#');
    return device;
  }

  private constructor(client: MqttClient, onProblem: (problem: string) => void) {
    this.#client = client;
    this.#onProblem = onProblem;
    client.on('message', (topic, payload) => {
      if (/\/(status|state|config|install|previous|online)$/.test(topic) || payload.length === 0) return;
      this.#onAnnouncement(topic, payload);
    });
  }

  async stop(): Promise<void> {
    await this.#client.endAsync(true);
  }

  #onAnnouncement(topic: string, payload: Buffer): void {
    this.announcements += 1;
    // The topic of a server may be the hostname alone.
    const hostname = topic.split('/').at(-2) ?? topic;
    const problem = announcementProblem(hostname, payload);
    if (problem)
      this.#onProblem(`announced on ${JSON.stringify(topic)}: ${JSON.stringify(payload.toString())}: ${problem}`);
    const [, port, file, hash = ''] = payload.toString('latin1').split('|');
    if (hostname === 'absent') return;
    const hasher = createHash(hash.length === 40 ? 'sha1' : 'sha256');
    const socket = connectTcp({ port: Number(port), host: '127.0.0.1' });
    socket.on('data', (piece) => hasher.update(piece));
    socket.on('error', () => socket.destroy()); // the push is over
    socket.on('end', () => {
      if (hasher.digest('hex') !== hash)
        this.#onProblem(`other bytes were served on ${topic} than announced: ${payload}`);
      for (const state of ['installed', 'running']) {
        this.#client.publish(`${topic}/status`, JSON.stringify({ state, file, hash, error: null }), { qos: 1 });
      }
      this.#client.publish(`${hostname}/online`, 'yes');
    });
  }
}
