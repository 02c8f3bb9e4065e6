import type { MqttClient } from 'mqtt';
import { Inbox } from '../peers/inbox';
import { connectClient } from '../peers/mqtt-client';
import { RawPeer } from '../peers/raw-peer';
import type { Resources } from '../peers/resources';
import { takeAll } from '../peers/simulated-device';

/**
 * Devices that keep pushes under way, by the first part of their hostname: absent ones never come, stalling ones stop reading
 * after the first bytes, all others take their file and say nothing. All of them share one connection to the broker.
 */
export class WaitingFleet {
  /** Hostnames as they are announced to. */
  readonly announced = new Inbox<string>();
  /** Those that stall, once they have connected. */
  readonly stalled = new Inbox<RawPeer>();
  /** Hostnames of those that have taken their file. */
  readonly taken = new Inbox<string>();
  readonly #resources: Resources;

  static async start(resources: Resources, brokerUrl: string): Promise<WaitingFleet> {
    const fleet = new WaitingFleet(await connectClient(resources, brokerUrl), resources);
    await fleet.client.subscribeAsync('+/OTA');
    return fleet;
  }

  private constructor(
    readonly client: MqttClient,
    resources: Resources,
  ) {
    this.#resources = resources;
    client.on('message', (topic, payload) => {
      const [hostname = ''] = topic.split('/');
      this.announced.push(hostname);
      const port = Number(payload.toString().split('|')[1]);
      if (hostname.startsWith('stalling')) void this.#stall(port);
      else if (!hostname.startsWith('absent')) takeAll(port).on('end', () => this.taken.push(hostname));
    });
  }

  /** In a process of its own: it sees for sure how its connection ends. */
  async #stall(port: number): Promise<void> {
    this.stalled.push(await this.#resources.use(RawPeer.start(port, 'reads_when_told')));
  }
}
