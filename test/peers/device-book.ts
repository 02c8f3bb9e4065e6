import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DeviceBook, type DeviceBookOptions } from '../../lib/devices/device-book';
import type { Resources } from './resources';

/**
 * A device book in a folder, until the end of the resources. Unless said otherwise it keeps as many versions as a new server, and its
 * test fails where the disk does.
 */
export function openBook(resources: Resources, folder: string, options: Partial<DeviceBookOptions> = {}): DeviceBook {
  const book = new DeviceBook({
    path: join(folder, 'devices.jsonl'),
    filesFolder: join(folder, 'files'),
    keep: 3,
    onDamage: assert.fail,
    onUnwritten: assert.fail,
    ...options,
  });
  resources.defer(() => book.close());
  return book;
}
