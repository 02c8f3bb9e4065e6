/** A board that runs a user's program: boot.py and main.py from its flash, restarted by machine.reset() alone. */

import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MicroPythonProcess, micropythonPath } from './micropython-process';
import type { Resources } from './resources';
import { runProgram } from './run-program';

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
  /**
   * How many milliseconds a second of machine.Timer takes. Unless given, its time passes all at once, and only where the
   * program will do no more: it has printed `stuck`, or is over.
   */
  readonly timerSecond?: number;
}

/** What a program prints that will do no more, or the board once it is over. */
const STUCK = ['stuck', '@prompt'];

export class Board extends MicroPythonProcess {
  /** Told each line that it prints. */
  onLine: ((line: string) => void) | undefined;
  readonly #timerSecond: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isTimerOn = false;
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

  private constructor(flash: string, { heap = '256k', timerSecond }: BoardSettings) {
    super(flash, heap, [POWER_UP, flash]);
    this.#timerSecond = timerSecond;
  }

  /** What the reset button does, and what lightning does to its power. */
  reset(): void {
    this.#stopTimer();
    this.#isResetting = true;
    this.kill();
  }

  override async stop(): Promise<void> {
    this.#stopTimer();
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
    if (event === '@timer') this.#stopTimer();
    if (event === '@timer' && argument !== 'off') this.#startTimer(Number(argument) / 1000);
    if (event === '@reset' || (this.#hasTimePassed && STUCK.includes(line))) this.reset();
  }

  /** Whether the timer that was started ends as soon as nothing else will happen. */
  get #hasTimePassed(): boolean {
    return this.#isTimerOn && this.#timerSecond === undefined;
  }

  #startTimer(seconds: number): void {
    this.#isTimerOn = true;
    if (this.#timerSecond !== undefined) this.#timer = setTimeout(() => this.reset(), seconds * this.#timerSecond);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#isTimerOn = false;
  }
}

/** A file of the example, as users get it. */
export function example(name: string): Promise<string> {
  return readFile(join(EXAMPLES, name), 'utf8');
}

/** Runs a script of `board/` in one MicroPython with a flash in its RAM. @returns what it printed */
export function boardStory(resources: Resources, script: string, ...words: readonly string[]): Promise<string> {
  const command = ['-X', 'heapsize=8m', join(__dirname, 'board', script), EXAMPLES, ...words];
  return runProgram(resources, micropythonPath(), command);
}
