import { Resources } from './resources';
import { type Behaviour, SimulatedDevice } from './simulated-device';

/** Many simulated devices, each with a broker connection of its own. */
export class SimulatedFleet {
  readonly devices: ReadonlyMap<string, SimulatedDevice>;
  /** The hostnames of devices that were announced to, in order. */
  readonly announced: string[] = [];
  readonly #resources: Resources;

  /** @param behaviours of some of them, by hostname */
  static async start(
    brokerUrl: string,
    hostnames: readonly string[],
    behaviours: Readonly<Record<string, Behaviour>> = {},
  ): Promise<SimulatedFleet> {
    const resources = new Resources();
    const start = async (hostname: string) => {
      const starting = SimulatedDevice.start({ hostname, brokerUrl, ...behaviours[hostname] });
      return [hostname, await resources.use(starting)] as const;
    };
    try {
      return new SimulatedFleet(new Map(await Promise.all(hostnames.map(start))), resources);
    } catch (error) {
      await resources.end();
      throw error;
    }
  }

  private constructor(devices: ReadonlyMap<string, SimulatedDevice>, resources: Resources) {
    this.devices = devices;
    this.#resources = resources;
    for (const [hostname, device] of devices) device.on('announcement', () => this.announced.push(hostname));
  }

  get(hostname: string): SimulatedDevice {
    const device = this.devices.get(hostname);
    if (!device) throw new Error(`there is no ${hostname}`);
    return device;
  }

  /** The hostnames of devices that have this file. */
  having(filename: string, bytes: Buffer): string[] {
    const has = (device: SimulatedDevice) => device.files.get(filename)?.equals(bytes) === true;
    return [...this.devices].filter(([, device]) => has(device)).map(([hostname]) => hostname);
  }

  async stop(): Promise<void> {
    await this.#resources.end();
  }
}

/** `lamp01`, `lamp02`, … */
export function lamps(count: number, from = 1): string[] {
  return Array.from({ length: count }, (_, index) => `lamp${String(from + index).padStart(2, '0')}`);
}

/** The same sorted by their text: devices of a wave come in any order. */
export function inOrder<T>(items: readonly T[]): T[] {
  return [...items].sort((one, other) => String(one).localeCompare(String(other)));
}
