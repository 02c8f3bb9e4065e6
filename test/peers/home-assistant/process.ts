import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Log } from './log';

const PROJECT_ROOT = resolve(__dirname, '../../..');
const INSTALLER = 'test/peers/home-assistant/install.sh';

/** Long after a slow machine has started or ended it. */
const START_LIMIT = 90_000;
const END_LIMIT = 20_000;

/** The folder of the Debian that it is installed in; where there is none, an error with the command that installs it. */
export function installation(): string {
  const named = process.env.HOME_ASSISTANT;
  const folder = resolve(named || join(PROJECT_ROOT, '.home-assistant'));
  if (existsSync(join(folder, '.installed'))) return folder;
  const command = `sudo ${INSTALLER}${named ? ` ${folder}` : ''}`;
  throw new Error(`Home Assistant is missing (not in ${folder}). Install it with: ${command}`);
}

/** Home Assistant's process. It ends with the test's, and what it mounts is gone with it. */
export class HassProcess {
  readonly #child: ChildProcess;
  readonly #log: Log;
  readonly #ended: Promise<string>;

  /**
   * Resolves when it hears what is published: what comes before and is not retained is lost.
   * @param config its folder, as seen from inside the installation
   * @param log takes all it says
   */
  static async start(root: string, config: string, log: Log): Promise<HassProcess> {
    const hass = new HassProcess(root, config, log);
    try {
      await hass.#untilReady();
      return hass;
    } catch (error) {
      await hass.end();
      throw error;
    }
  }

  private constructor(root: string, config: string, log: Log) {
    const ownMounts = ['unshare', '--mount-proc=/proc', `--root=${root}`];
    const command = ['hass', '--config', config, '--skip-pip', '--log-no-color'];
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...ownMounts, ...command], {
      env: { PATH: '/opt/hass/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    this.#log = log;
    createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(`cannot be started. ${error.message} (apt-get install util-linux)`));
      child.once('close', (status, signal) => resolve(`ended with ${signal ?? status}`));
    });
  }

  /** Ends it as systemd does. */
  async end(): Promise<void> {
    this.#child.kill('SIGTERM');
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), END_LIMIT);
    await this.#ended;
    clearTimeout(limit);
  }

  async #untilReady(): Promise<void> {
    const line = this.#log.nextLine(/birth message sent|Activating recovery mode/, AbortSignal.timeout(START_LIMIT));
    const ready = line.then(
      (words) => (words.includes('birth') ? undefined : 'cannot do with its configuration:'),
      () => 'was not ready in time. Is its broker there?',
    );
    const failure = await Promise.race([ready, this.#ended]);
    if (failure === undefined) return;
    const complaints = this.#log.complaints();
    const words = complaints.length > 0 ? complaints : this.#log.lines.slice(-20);
    throw new Error(`Home Assistant ${failure}\n${words.join('\n')}`);
  }
}
