/** A board that runs a user's program: boot.py and main.py from its flash, restarted by machine.reset() alone. */

import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type MicroPythonBuild, newest } from './micropython-builds';
import { type DeviceEnd, MicroPythonProcess } from './micropython-process';
import { mpyCross, present } from './peers';
import type { ProgramKind } from './programs';
import type { Resources } from './resources';
import { runProgram } from './run-program';
import { temporaryFolder } from './temporary-folder';

const POWER_UP = join(__dirname, 'board', 'power_up.py');
const EXAMPLES = resolve(__dirname, '../../examples/micropython');

export interface BoardSettings {
  /** What lies in the flash at the first boot besides the example's boot.py and the module, or in place of them. */
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** The newest MicroPython unless said. */
  readonly build?: MicroPythonBuild;
  /** KB of heap that the program has, and the module; as much as the build's boards have unless said. */
  readonly heap?: number;
  /** What its program imports and its firmware has: ota.py and umqtt.simple unless said. */
  readonly kind?: Pick<ProgramKind, 'modules' | 'client'>;
  /** Other sources for modules, in the form that the build's boards have. */
  readonly sources?: Readonly<Partial<Record<ProgramKind['modules'][number], string>>>;
  /** Where its port mounts the flash: `/` unless said. */
  readonly root?: string;
  /** A real file system in place of a folder: then `read`, `exists` and `write` know only what lay on it at the first start. */
  readonly filesystem?: Filesystem;
  /** What its port calls itself in `sys.platform`: what MicroPython does here unless said. */
  readonly platform?: string;
  /** False where its port has no SHA-1, as it has no TLS. */
  readonly hasSha1?: boolean;
  /** Its sockets are those of lwIP to 1.23 (`lwip.py`), which take so many bytes before the program reads; else Linux's. */
  readonly lwipWindow?: number;
  /** How its port's timers are; `machine.py` knows them. */
  readonly timers?: TimerManner;
  /**
   * How many milliseconds a second of machine.Timer takes. Unless given, its time passes all at once, and only where the
   * program will do no more: it has printed `stuck`, or is over.
   */
  readonly timerSecond?: number;
}

/** One in a file of the host; `disk.py` makes it. */
export interface Filesystem {
  readonly kind: 'VfsFat' | 'VfsLfs2';
  /** Milliseconds that each write takes. */
  readonly pause: number;
}

/** How the timers of a port are, in the words of `machine.py`. */
export type TimerManner = 'virtual' | 'shared' | 'hardware' | 'refused' | 'panic' | 'lost' | 'none';

/** Why a board starts, in the words of `machine.py`. */
type ResetCause = 'PWRON_RESET' | 'HARD_RESET' | 'WDT_RESET' | 'DEEPSLEEP_RESET';

/** KB of the heap for a file system, which a board has in its own memory. */
const FILESYSTEM_HEAP = 8;
/** What most boards have. */
const USUAL = { modules: ['ota'], client: 'umqtt.simple' } as const;

/** What a program prints that will do no more, or the board once it is over. */
const STUCK = ['stuck', '@prompt'];

export class Board extends MicroPythonProcess {
  /** Called with each line that it prints. */
  onLine: ((line: string) => void) | undefined;
  readonly #build: MicroPythonBuild;
  readonly #timerSecond: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #manners: Readonly<Record<string, unknown>>;
  #isTimerOn = false;
  #watchdog: NodeJS.Timeout | undefined;
  #cause: ResetCause = 'PWRON_RESET';
  /** What the end of the process will be. */
  #end: DeviceEnd = 'fault';

  static async start(settings: BoardSettings): Promise<Board> {
    const { build = newest } = settings;
    build.path(); // before a folder is made for nothing
    const board = new Board(await mkdtemp(join(tmpdir(), 'board-')), build, settings);
    try {
      await board.write({
        'boot.py': await example('boot.py'),
        ...(await modulesOf(build, settings)),
        ...settings.files,
      });
      board.boot();
      return board;
    } catch (error) {
      await board.stop();
      throw error;
    }
  }

  private constructor(flash: string, build: MicroPythonBuild, settings: BoardSettings) {
    const {
      heap = build.heap,
      timerSecond,
      root = '/',
      timers = 'virtual',
      filesystem = null,
      kind = USUAL,
    } = settings;
    const clientHeap = kind.client === 'mqtt_as' ? build.mqttAsHeap : 0;
    const firmwareHeap = build.firmwareHeap + clientHeap + (filesystem ? FILESYSTEM_HEAP : 0);
    super(flash, build, heap + firmwareHeap, [POWER_UP, flash]);
    this.#build = build;
    const { platform = '', hasSha1 = true, lwipWindow: window = 0 } = settings;
    this.#manners = { root, timers, client: kind.client, filesystem, platform, hasSha1, window };
    this.#timerSecond = timerSecond;
  }

  /** What the reset button does, and what lightning does to its power. */
  reset(): void {
    this.#switchOff('reset', 'HARD_RESET');
  }

  /** What the timer or the pin does that ends its deep sleep: resolves when it starts. */
  async wake(): Promise<void> {
    await this.untilOff();
    this.boot();
  }

  override async stop(): Promise<void> {
    this.#stopTimer();
    clearTimeout(this.#watchdog);
    await super.stop();
  }

  protected override bootArguments(): readonly string[] {
    return [JSON.stringify({ ...this.#manners, cause: this.#cause })];
  }

  protected override endOf(): DeviceEnd {
    const end = this.#end;
    this.#end = 'fault';
    return end;
  }

  /** The hardware's part of machine.py. The timer is here because a program may be in a loop without end. */
  protected override heard(line: string): void {
    this.onLine?.(line);
    const [event, argument] = line.split(' ');
    if (event === '@timer') this.#stopTimer();
    if (event === '@timer' && argument !== 'off') this.#startTimer(Number(argument) / 1000);
    if (event === '@reset') this.reset();
    if (event === '@sleep') this.#switchOff('off', 'DEEPSLEEP_RESET');
    if (event === '@watchdog') this.#startWatchdog(Number(argument));
    if (event === '@fed') this.#watchdog?.refresh();
    if (event === '@lost' || STUCK.includes(line)) this.#passTime();
  }

  /** @param cause of its next start */
  #switchOff(end: DeviceEnd, cause: ResetCause): void {
    this.#stopTimer();
    clearTimeout(this.#watchdog);
    this.#end = end;
    this.#cause = cause;
    this.kill();
  }

  /** It bites for real, after real time: whatever the program does, its process ends. */
  #startWatchdog(milliseconds: number): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#switchOff('reset', 'WDT_RESET'), milliseconds);
  }

  /** The time of the timers passes all at once where nothing else will happen. */
  #passTime(): void {
    if (this.#isTimerOn && this.#timerSecond === undefined) this.#callTimers();
  }

  #callTimers(): void {
    if (this.#build.hasThreads) this.say('\n');
    else this.signal('SIGUSR1');
  }

  #startTimer(seconds: number): void {
    this.#isTimerOn = true;
    if (this.#timerSecond === undefined) return;
    this.#timer = setInterval(() => this.#callTimers(), seconds * this.#timerSecond);
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#isTimerOn = false;
  }
}

/** The package's modules in the form that a build's boards have them in. */
async function modulesOf(build: MicroPythonBuild, settings: BoardSettings): Promise<Record<string, string | Buffer>> {
  const { kind = USUAL, sources = {} } = settings;
  const files: Record<string, string | Buffer> = {};
  for (const module of kind.modules) {
    const name = build.module.replace('ota', module);
    const source = sources[module];
    files[name] = source === undefined ? await readFile(join(EXAMPLES, name)) : await inForm(build, source);
  }
  return files;
}

/** A module's source in the form that a build's boards have it in. */
async function inForm(build: MicroPythonBuild, source: string): Promise<string | Buffer> {
  if (build.module === 'ota.py') return source;
  const folder = await mkdtemp(join(tmpdir(), 'ota-mpy-'));
  try {
    await writeFile(join(folder, 'ota.py'), source);
    await promisify(execFile)(present(mpyCross(), 'micropython'), [join(folder, 'ota.py')]);
    return await readFile(join(folder, 'ota.mpy'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A file of the example, as users get it. */
export function example(name: string): Promise<string> {
  return readFile(join(EXAMPLES, name), 'utf8');
}

/** Runs a script of `board/` in one MicroPython with a flash in its RAM. @returns what it printed */
export async function boardStory(
  resources: Resources,
  build: MicroPythonBuild,
  { modules }: Pick<ProgramKind, 'modules'>,
  script: string,
  ...words: readonly string[]
): Promise<string> {
  const folder = await temporaryFolder(resources, 'module');
  const names = modules.map((module) => build.module.replace('ota', module));
  await Promise.all(names.map((name) => copyFile(join(EXAMPLES, name), join(folder, name))));
  const module = modules.includes('ota_async') ? 'ota_async' : 'ota';
  const command = ['-X', 'heapsize=8m', join(__dirname, 'board', script), folder, module, ...words];
  return runProgram(resources, build.path(), command);
}
