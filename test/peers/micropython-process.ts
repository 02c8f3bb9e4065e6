/** Real MicroPython with a board's heap and a folder for its flash, driven by the lines that it prints. */

import { type ChildProcess, spawn } from 'node:child_process';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { MicroPythonBuild } from './micropython-builds';

interface Waiter {
  from: number;
  matches: (line: string) => boolean;
  resolve: (line: string) => void;
  reject: (reason: Error) => void;
}

/** A program that prints without end has to wait for its reader, as on a board's serial line: else nothing else is done here. */
const linesBeforeRest = 200;
const restMs = 100;

function rest(stream: Readable): void {
  if (stream.isPaused()) return; // what was read already still comes
  stream.pause();
  setTimeout(() => stream.resume(), restMs);
}

/** What the end of a process is: a device that boots again, or is off until it is woken; any other end is a fault. */
export type DeviceEnd = 'reset' | 'off' | 'fault';

/** One device: a process per boot on the same flash. What makes it boot again is for the kind of device to say. */
export abstract class MicroPythonProcess {
  readonly flash: string;
  readonly #command: string;
  readonly #arguments: readonly string[];
  readonly #lines: string[] = [];
  readonly #waiters = new Set<Waiter>();
  #cursor = 0;
  #boots = 0;
  #stderr = '';
  #ended: Error | undefined;
  #process: ChildProcess | undefined;
  #processClosed: Promise<void> = Promise.resolve();

  /** @param heap KB of MicroPython's heap */
  protected constructor(flash: string, build: MicroPythonBuild, heap: number, command: readonly string[]) {
    this.flash = flash;
    this.#command = build.path();
    this.#arguments = ['-X', `heapsize=${heap}k`, ...command];
  }

  /** How often it has booted, the first time included: 1 means that it never reset. */
  get boots(): number {
    return this.#boots;
  }

  /** All it has printed, over all boots: lines that begin with `@` are the device's, the others its program's. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The tracebacks of this boot. */
  get stderr(): string {
    return this.#stderr;
  }

  /** A file as it lies in the flash now. */
  read(name: string): Promise<Buffer> {
    return readFile(join(this.flash, name));
  }

  async text(name: string): Promise<string> {
    return (await this.read(name)).toString();
  }

  /** Tells a file that is not there from one that is empty. */
  exists(name: string): Promise<boolean> {
    return access(join(this.flash, name)).then(
      () => true,
      () => false,
    );
  }

  /** Lays files into the flash, folders included, as over USB. */
  async write(files: Readonly<Record<string, string | Buffer>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.flash, name)), { recursive: true });
      await writeFile(join(this.flash, name), content);
    }
  }

  /**
   * The next line that is `event`, or begins with it as whole words, or matches it. "Next" counts from the last line
   * that was awaited, so that each line is awaited once, in order; or from the index `after` in `lines`, to look back.
   */
  waitFor(event: string | RegExp, options: { after?: number } = {}): Promise<string> {
    const from = options.after ?? this.#cursor;
    const matches = (line: string) =>
      typeof event === 'string' ? `${line} `.startsWith(`${event} `) : line.search(event) !== -1;
    const index = this.#lines.findIndex((line, position) => position >= from && matches(line));
    const line = this.#lines[index];
    if (line !== undefined) {
      this.#cursor = Math.max(this.#cursor, index + 1);
      return Promise.resolve(line);
    }
    if (this.#ended) return Promise.reject(new Error(`No ${event} will come. ${this.#ended.message}`));
    return new Promise((resolve, reject) => this.#waiters.add({ from, matches, resolve, reject }));
  }

  /** Rejects once it has ended by itself, with the reason. */
  untilItEnds(): Promise<never> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((_resolve, reject) =>
      this.#waiters.add({ from: 0, matches: () => false, resolve: () => undefined, reject }),
    );
  }

  /** Switches it off and removes its flash, wherever it is; may be called twice. */
  async stop(): Promise<void> {
    this.#end(new Error('The device was stopped.'));
    this.kill();
    await this.#processClosed;
    await rm(this.flash, { recursive: true, force: true });
  }

  /** What the end of a process is to the device. */
  protected abstract endOf(status: number | null): DeviceEnd;

  /** What the device's script is told at this boot, behind what it is told at each. */
  protected bootArguments(): readonly string[] {
    return [];
  }

  /** A line that the device itself is to act on. */
  protected heard(_line: string): void {
    // Most devices only print.
  }

  /** Sends the process a signal. */
  protected signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Writes to its standard input. */
  protected say(text: string): void {
    this.#process?.stdin?.write(text);
  }

  /** Ends the process at once, whatever it is doing. */
  protected kill(): void {
    this.#process?.kill('SIGKILL');
  }

  /** Resolves when the process has ended. */
  protected untilOff(): Promise<void> {
    return this.#processClosed;
  }

  /** Starts the process; a reset starts the next one on the same flash. */
  protected boot(): void {
    this.#boots += 1;
    this.#stderr = '';
    const child = spawn(this.#command, [...this.#arguments, ...this.bootArguments()], { stdio: 'pipe' });
    this.#process = child;
    let lines = 0;
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines += 1;
      if (lines % linesBeforeRest === 0) rest(child.stdout);
      this.#take(line);
    });
    child.stdin.on('error', () => undefined); // it has ended meanwhile, which 'close' tells
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    child.once('error', (cause) => this.#end(new Error(`The device cannot be started: ${cause.message}`, { cause })));
    // 'close', not 'exit': by then the last line of this boot has been read.
    this.#processClosed = new Promise((resolve) => {
      child.once('close', (status, signal) => {
        resolve();
        if (this.#ended) return;
        const end = this.endOf(status);
        if (end === 'reset') this.boot();
        else if (end === 'fault')
          this.#end(new Error(`The device ended by itself (${signal ?? `status ${status}`}).\n${this.#stderr}`));
      });
    });
  }

  /** Hands a line to the first who waits for it. */
  #take(line: string): void {
    const position = this.#lines.push(line) - 1;
    this.heard(line);
    for (const waiter of this.#waiters) {
      if (position < waiter.from || !waiter.matches(line)) continue;
      this.#waiters.delete(waiter);
      this.#cursor = position + 1;
      waiter.resolve(line);
      return;
    }
  }

  /** No further boot and no further line: everyone who waits learns why. The first reason stays. */
  #end(reason: Error): void {
    this.#ended ??= reason;
    for (const waiter of this.#waiters) waiter.reject(this.#ended);
    this.#waiters.clear();
  }
}
