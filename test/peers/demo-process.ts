import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Inbox } from './inbox';
import { root } from './root';

/** A demo as a terminal runs it: npm and all that it starts in a process group, with a folder for temporary files. */
export class DemoProcess {
  /** @param command what stands behind `npm` */
  static async start(command: readonly string[]): Promise<DemoProcess> {
    return new DemoProcess(command, await mkdtemp(join(tmpdir(), 'demo-process-')));
  }

  /** What it says, line by line. */
  readonly log = new Inbox<string>();
  readonly #npm: ChildProcess;
  readonly #folder: string;
  readonly #closed: Promise<unknown[]>;
  readonly #watcher: FSWatcher;
  /** Resolves when it makes its first temporary file: it begins to build. */
  readonly building: Promise<unknown>;

  private constructor(command: readonly string[], folder: string) {
    this.#folder = folder;
    this.#watcher = watch(folder);
    this.building = once(this.#watcher, 'change');
    this.#npm = spawn('npm', command, {
      cwd: root,
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#closed = once(this.#npm, 'close');
    for (const stream of [this.#npm.stdout, this.#npm.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.log.push(line));
    }
  }

  /** All it has said. */
  get text(): string {
    return this.log.all.join('\n');
  }

  /** The next line that is like this. */
  said(line: RegExp): Promise<string> {
    return this.log.nextThat((one) => line.test(one));
  }

  /** Signals npm alone. */
  signalNpm(signal: NodeJS.Signals): void {
    this.#npm.kill(signal);
  }

  /** Signals all in the foreground, as a terminal does. */
  signalAll(signal: NodeJS.Signals): void {
    process.kill(-(this.#npm.pid as number), signal);
  }

  /** Signals the process with such a command line. */
  signalOne(commandLine: RegExp, signal: NodeJS.Signals): void {
    const found = this.processes().find((one) => commandLine.test(one.commandLine));
    if (!found) throw new Error(`There is no ${commandLine}:\n${JSON.stringify(this.processes(), null, 2)}`);
    process.kill(found.pid, signal);
  }

  /** Nobody reads any more what it says. */
  hangUp(): void {
    this.#npm.stdout?.destroy();
    this.#npm.stderr?.destroy();
  }

  /** Its exit code, once npm and everyone that could still say something has ended; as a shell tells it. */
  async ended(): Promise<number> {
    const [code, signal] = (await this.#closed) as [number | null, NodeJS.Signals];
    return code ?? 128 + constants.signals[signal];
  }

  /** Resolves when none of its processes is left. What was ended by force is no child of ours, which could be waited for. */
  async gone(): Promise<void> {
    while (this.processes().length > 0) await delay(20);
  }

  /** Its processes, the board's included, by the folder that they were given. */
  processes(): { readonly pid: number; readonly commandLine: string }[] {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const own = pids.filter((pid) => processFile(pid, 'environ').includes(this.#folder));
    return own.map((pid) => ({ pid: Number(pid), commandLine: processFile(pid, 'cmdline').replaceAll('\0', ' ') }));
  }

  /** The temporary files that are there. */
  files(): Promise<string[]> {
    return readdir(this.#folder);
  }

  /** Ends what is left of it, whatever it did. */
  async stop(): Promise<void> {
    this.#watcher.close();
    for (const { pid } of this.processes()) kill(pid);
    await this.gone();
    await rm(this.#folder, { recursive: true });
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has just ended
  }
}

/** What Linux tells of a process; of one that is no more, nothing. */
function processFile(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
