import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import type { BookPaths } from '../../lib/devices/book-store';

/** Where a server keeps what it knows of devices, and the bytes of files that they had. @param id of the server's node */
export function bookPaths(RED: NodeAPI, id: string): BookPaths {
  const folder = folderOf(RED);
  return { path: join(folder, `devices-${id}.jsonl`), filesFolder: join(folder, `files-${id}`) };
}

/** Where it keeps the counters of signed announcements (protocol 6.4). */
export function countersPath(RED: NodeAPI, id: string): string {
  return join(folderOf(RED), `counters-${id}.json`);
}

function folderOf(RED: NodeAPI): string {
  return join(RED.settings.userDir ?? '.', 'ota-push');
}
