/** A board that runs a user's program: boot.py and main.py from its flash, restarted by machine.reset() alone. */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { MicroPythonProcess, micropythonPath } from './micropython-process';

const POWER_UP = join(__dirname, 'board', 'power_up.py');
const EXAMPLES = resolve(__dirname, '../../examples/micropython');

/**
 * KB of the heap for what a board has in its ROM: umqtt.simple, machine, what runs boot.py (6 KB), and the next larger table
 * of names, which their 63 names make MicroPython allocate in one piece.
 */
export const FIRMWARE_HEAP = 12;

export interface BoardSettings {
  /** What lies in the flash at the first boot besides the example's boot.py and ota.py, or in place of them. */
  readonly files: Readonly<Record<string, string | Buffer>>;
  readonly heap?: string;
  /** How many milliseconds a second of machine.Timer takes: nobody waits two minutes for a test. */
  readonly timerSecond?: number;
}

export class Board extends MicroPythonProcess {
  /** Told each line that it prints. */
  onLine: ((line: string) => void) | undefined;
  readonly #timerSecond: number;
  #timer: NodeJS.Timeout | undefined;
  #isResetting = false;

  static async start(settings: BoardSettings): Promise<Board> {
    micropythonPath(); // before a folder is made for nothing
    const board = new Board(await mkdtemp(join(tmpdir(), 'board-')), settings);
    try {
      await board.write({
        'boot.py': await example('boot.py'),
        ...(settings.files['ota.mpy'] ? {} : { 'ota.py': await example('ota.py') }),
        ...settings.files,
      });
      board.boot();
      return board;
    } catch (error) {
      await board.stop();
      throw error;
    }
  }

  private constructor(flash: string, { heap = '256k', timerSecond = 12.5 }: BoardSettings) {
    super(flash, heap, [POWER_UP, flash]);
    this.#timerSecond = timerSecond;
  }

  /** What the reset button does, and what lightning does to its power. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#isResetting = true;
    this.kill();
  }

  override async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await super.stop();
  }

  protected override isReset(): boolean {
    const isReset = this.#isResetting;
    this.#isResetting = false;
    return isReset;
  }

  /** The hardware's part of machine.py. The timer is here because a program may be in a loop without end. */
  protected override heard(line: string): void {
    this.onLine?.(line);
    const [event, argument] = line.split(' ');
    if (event === '@reset') this.reset();
    if (event !== '@timer') return;
    clearTimeout(this.#timer);
    if (argument !== 'off') this.#timer = setTimeout(() => this.reset(), (Number(argument) / 1000) * this.#timerSecond);
  }
}

/** A file of the example, as users get it. */
export function example(name: string): Promise<string> {
  return readFile(join(EXAMPLES, name), 'utf8');
}

/** Runs a script of `board/` in one MicroPython with a flash in its RAM. @returns what it printed */
export async function boardStory(script: string, ...words: readonly string[]): Promise<string> {
  const command = ['-X', 'heapsize=8m', join(__dirname, 'board', script), EXAMPLES, ...words];
  const { stdout } = await promisify(execFile)(micropythonPath(), command);
  return stdout;
}
