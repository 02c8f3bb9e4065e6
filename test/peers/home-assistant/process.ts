import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CONFIG_INSIDE, insideOf } from './installation';
import type { Log } from './log';

/** Long after a slow machine has started or ended it. */
const START_LIMIT = 90_000;
const END_LIMIT = 20_000;

/** Home Assistant's process. It ends with the test's, and what it mounts is gone with it. */
export class HassProcess {
  readonly #child: ChildProcess;
  readonly #log: Log;
  readonly #ended: Promise<string>;

  /**
   * Resolves when it hears what is published: what comes before and is not retained is lost.
   * @param root the folder of its installation
   * @param config the folder of its house
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
    const hass = ['hass', '--config', CONFIG_INSIDE, '--skip-pip', '--log-no-color'];
    const [command, ...args] = insideOf(root, config, hass);
    const child = spawn(String(command), args, {
      env: { PATH: '/opt/hass/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: CONFIG_INSIDE, LANG: 'C.UTF-8' },
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
