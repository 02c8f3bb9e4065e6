import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resources } from './resources';

/** A new folder with this name and some letters; it goes with the resources. */
export async function temporaryFolder(resources: Resources, name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  // Again where somebody still writes into it, as where a test has failed before what it waits for.
  resources.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}
