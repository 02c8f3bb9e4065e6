import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { peersFolder } from './find-program';

/** The Debian that is installed for it. */
export const bareFolder = join(peersFolder, 'bare-debian');

/** Whether it is installed, and this user is root, as whoever makes mounts must be. */
export function isBareMachineThere(): boolean {
  return process.getuid?.() === 0 && existsSync(join(bareFolder, '.installed'));
}

/** The machine's certificates are there too; Node.js would know its own only. */
const certificates = { NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt' };

/** What a command said, on both of its outputs, and how it ended. */
export interface Ending {
  readonly code: number | null;
  readonly output: string;
}

/**
 * A Debian with nothing on it but Node.js, npm and git, read-only but for its /home and /tmp. What runs there sees no process
 * of the machine, and ends with `stop`.
 */
export class BareMachine {
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  /** @param home the folder of this machine that is its /home @param settings variables of its environment */
  constructor(
    readonly home: string,
    readonly settings: Readonly<Record<string, string>>,
  ) {}

  /** Runs a line of shell in a folder of /home. @param user his number; 0 is root */
  async run(user: number, folder: string, line: string): Promise<Ending> {
    const script = [
      'mount --bind "$1" "$1" && cd "$1" && mount -o remount,bind,ro .',
      'mount --rbind /dev dev && mount --types proc proc proc && mount --types tmpfs tmpfs tmp && mount --bind "$2" home',
      'exec chroot . setpriv --reuid "$3" --regid "$3" --clear-groups sh -c "cd \\"/home/$4\\" && $5"',
    ].join(' && ');
    const namespaces = ['--mount', '--propagation', 'slave', '--pid', '--fork', '--kill-child'];
    const child = spawn(
      'unshare',
      [...namespaces, 'sh', '-c', script, 'sh', bareFolder, this.home, String(user), folder, line],
      {
        env: { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/home', ...certificates, ...this.settings },
        stdio: ['ignore', 'pipe', 'pipe'],
        signal: this.#stopping.signal,
        killSignal: 'SIGKILL',
      },
    );
    const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]);
    this.#running.add(ended.catch(() => undefined));
    const [[code], output, errors] = await ended;
    return { code: code as number | null, output: `${output}\n${errors}` };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
  }
}
