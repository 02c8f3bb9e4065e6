import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Where `npm run peers` puts what needs no root. */
export const peersFolder = resolve(__dirname, '../../.peers');

/** Where Debian, Homebrew and administrators put servers, which is on no ordinary user's PATH. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin', '/sbin'];

/** Where to look besides the PATH. */
export interface Places {
  /** A variable of the environment that names the program. It rules out all others. */
  readonly variable?: string;
  /** The folder of `.peers` that has it, which comes before the PATH. */
  readonly folder?: string;
}

/** The path of a program, under any of its names; undefined where there is none that may be run. */
export function findProgram(names: readonly string[], { variable, folder }: Places = {}): string | undefined {
  const named = variable && process.env[variable];
  if (named) return isExecutable(named) ? named : undefined;
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((entry) => entry !== '');
  const folders = [...(folder ? [join(peersFolder, folder)] : []), ...onPath, ...SERVER_FOLDERS];
  return folders.flatMap((entry) => names.map((name) => join(entry, name))).find(isExecutable);
}

/** Whether the file is there and may be run. */
function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
