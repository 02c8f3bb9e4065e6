/** A first-generation device (protocol 1 to 4). */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MicroPythonBuild, newest } from './micropython-builds';
import { type DeviceEnd, MicroPythonProcess } from './micropython-process';

const BOOT = join(__dirname, 'first-generation', 'boot.py');
const RESET_STATUS = 75; // what firmware.py ends with in place of machine.reset()

export interface DeviceSettings {
  hostname: string;
  brokerPort: number;
  brokerHost?: string;
  /** What lies in the flash at the first boot, by name. */
  files?: Record<string, string | Buffer>;
  /** KB of its heap. */
  heap?: number;
  /** The newest unless said. */
  build?: MicroPythonBuild;
}

export class FirstGenerationDevice extends MicroPythonProcess {
  /** Boots a device and waits until the broker has its subscription: what is announced from now on reaches it. */
  static async start(settings: DeviceSettings): Promise<FirstGenerationDevice> {
    const { build = newest } = settings;
    build.path(); // before a folder is made for nothing
    const device = new FirstGenerationDevice(await mkdtemp(join(tmpdir(), 'first-generation-')), build, settings);
    try {
      await device.write(settings.files ?? {});
      device.boot();
      const line = await device.waitFor(/^@(ready|reset)\b/);
      if (line === '@ready') return device;
      await device.stop(); // and with it the rest of the traceback
      throw new Error(`The device did not come up: ${line}\n${device.stderr}`);
    } catch (error) {
      await device.stop();
      throw error;
    }
  }

  private constructor(flash: string, build: MicroPythonBuild, settings: DeviceSettings) {
    const { hostname, brokerHost = '127.0.0.1', brokerPort, heap = 64 } = settings;
    super(flash, build, heap, [BOOT, flash, hostname, brokerHost, String(brokerPort)]);
  }

  protected override endOf(status: number | null): DeviceEnd {
    return status === RESET_STATUS ? 'reset' : 'fault';
  }
}
