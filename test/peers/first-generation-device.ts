/** A first-generation device (protocol 1 to 4). */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MicroPythonProcess, micropythonPath } from './micropython-process';

export { micropythonPath };

const BOOT = join(__dirname, 'first-generation', 'boot.py');
const RESET_STATUS = 75; // what firmware.py ends with in place of machine.reset()

export interface DeviceSettings {
  hostname: string;
  brokerPort: number;
  brokerHost?: string;
  /** What lies in the flash at the first boot, by name. */
  files?: Record<string, string | Buffer>;
  heap?: string;
}

export class FirstGenerationDevice extends MicroPythonProcess {
  /** Boots a device and waits until the broker has its subscription: what is announced from now on reaches it. */
  static async start(settings: DeviceSettings): Promise<FirstGenerationDevice> {
    micropythonPath(); // before a folder is made for nothing
    const device = new FirstGenerationDevice(await mkdtemp(join(tmpdir(), 'first-generation-')), settings);
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

  private constructor(flash: string, settings: DeviceSettings) {
    const { hostname, brokerHost = '127.0.0.1', brokerPort, heap = '64k' } = settings;
    super(flash, heap, [BOOT, flash, hostname, brokerHost, String(brokerPort)]);
  }

  protected override isReset(status: number | null): boolean {
    return status === RESET_STATUS;
  }
}
