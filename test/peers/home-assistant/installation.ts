import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { peersFolder } from '../find-program';
import { ownNamespaces } from '../namespaces';

/** Where the config folder of a house lies, as seen from inside the installation. */
export const CONFIG_INSIDE = '/mnt';

/** The folder of the Debian that Home Assistant is installed in, or would be. */
export function homeAssistantFolder(): string {
  return resolve(process.env.HOME_ASSISTANT || join(peersFolder, 'home-assistant'));
}

/** Whether it is installed there by today's recipe, and this user may run it: an ordinary one needs a user namespace. */
export function runsHomeAssistant(folder: string): boolean {
  const mark = join(folder, '.installed');
  const recipe = createHash('sha256')
    .update(readFileSync(join(__dirname, 'install.sh')))
    .digest('hex');
  if (!existsSync(mark) || !readFileSync(mark, 'utf8').startsWith(recipe)) return false;
  const [command, ...args] = insideOf(folder, '/tmp', ['true']);
  return spawnSync(String(command), args, { stdio: 'ignore' }).status === 0;
}

/**
 * A command line that runs a command inside the installation, with mounts of its own that are gone with it.
 * @param config a folder of the machine that is seen inside as `CONFIG_INSIDE`
 */
export function insideOf(folder: string, config: string, command: readonly string[]): string[] {
  const script = [
    'mount --rbind /proc "$1/proc"',
    `mount --bind "$2" "$1${CONFIG_INSIDE}"`,
    'root=$1',
    'shift 2',
    // It ends with the test's process, also where that is killed.
    'exec setpriv --pdeathsig TERM chroot "$root" "$@"',
  ].join(' && ');
  return ['unshare', ...ownNamespaces(['mount'], ['sh', '-c', script, 'sh', folder, config, ...command])];
}
