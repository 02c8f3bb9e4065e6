import { Backlog, usualBacklog } from '../backlog';
import { shorten } from '../shorten';
import { bytecodeProblem, isBytecode } from './bytecode';
import { Compiler, type Finding, type Limits } from './compiler';
import { encodingProblem, textOfLine } from './encoding';
import { straySign } from './stray-sign';

/** A file as it is to be sent. */
export interface CheckedFile {
  /** On the device. */
  readonly filename: string;
  readonly bytes: Buffer;
  /** Of the bytes: what has the same hash is the same. */
  readonly hash: string;
}

export interface CheckerOptions {
  /** Called when MicroPython cannot be loaded, once until it can: files pass meanwhile. */
  onUnloadable(reason: string): void;
  /** Called once for each file that is too much for the compiler: it passes. */
  onUnchecked(filename: string, reason: string): void;
  readonly limits?: Limits;
  /** Milliseconds after which it is tried again to load MicroPython, as what it lacked may be there by then: a minute unless said. */
  readonly retryMs?: number;
}

/** What is known of some bytes, whatever their file is called. */
interface Verdict {
  /** The end of a sentence that begins with the file's name; undefined where nothing is wrong. */
  readonly problem?: string | undefined;
  readonly isBlank?: boolean;
}

const usualLimits: Limits = { timeMs: 10_000, memory: 64 * 1024 * 1024 };

const usualRetryMs = 60_000;

/** So many verdicts are remembered. */
const maxVerdicts = 100;

/** Characters of a line of the file. */
const maxShownLength = 60;
/** Of what the compiler says, which may name what is in the file. */
const maxErrorLength = 200;

const sourceFile = /\.py$/i;
/** What a board runs at its start: with nothing in it nobody listens for the next update. To FAT capitals are the same. */
const startFile = /^(?:main|boot)\.py$/i;

/** For a compiler that a board has or has not, and the checker has not. It names the line of the class around it. */
const nativeDecorator = /^\s*@\s*micropython\s*\.\s*(?:native|viper|asm_\w+)\b/m;
const decoratorError = 'SyntaxError: invalid micropython decorator';

/**
 * Checks Python files before they go onto a board, by MicroPython's own compiler: each content once, one after the other. What
 * it cannot check passes.
 */
export class PythonChecker {
  readonly #options: CheckerOptions;
  readonly #limits: Limits;
  /** By hash, the one that was asked for last at the end. */
  readonly #verdicts = new Map<string, Verdict>();
  readonly #ending = new AbortController();
  /** Started for the first file that needs it; of undefined where that was not possible. */
  #compiler: Promise<Compiler | undefined> | undefined;
  /** On the clock of `performance`: before that it is not tried again. */
  #startsAgainAt = Number.NEGATIVE_INFINITY;
  #isUnloadable = false;
  readonly #backlog = new Backlog(usualBacklog);
  #underWay = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: CheckerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? usualLimits;
  }

  /** Whether all were checked before, and no earlier question is open: answers come in the order of the questions. */
  knows(files: readonly CheckedFile[]): boolean {
    return this.#underWay === 0 && files.every(({ filename, hash }) => !isSource(filename) || this.#verdicts.has(hash));
  }

  /**
   * What is wrong with the first of the files that has something wrong, as a sentence; undefined where none has. At once where it is
   * known.
   * @param heldBytes how much waits with the question; nothing unless said
   */
  check(files: readonly CheckedFile[], heldBytes = 0): string | undefined | Promise<string | undefined> {
    const programs = files.filter(isProgram);
    if (!this.knows(files)) return this.#checkInTurn(programs, heldBytes);
    for (const file of programs) {
      const problem = problemOf(file, this.#recall(file));
      if (problem) return problem;
    }
    return undefined;
  }

  /** How much waits to be checked, for people, where so many bytes more must not wait too; undefined where they may. */
  fullnessFor(heldBytes: number): string | undefined {
    return this.#backlog.fullnessFor(heldBytes);
  }

  /** Ends its thread. A check that is under way passes. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#last;
    await (await this.#compiler)?.end();
  }

  async #checkInTurn(programs: readonly CheckedFile[], heldBytes: number): Promise<string | undefined> {
    const place = this.#backlog.enter(heldBytes);
    this.#underWay += 1;
    const before = this.#last;
    const problem = before.then(() => this.#firstProblem(programs));
    this.#last = problem;
    try {
      return await problem;
    } finally {
      this.#underWay -= 1;
      place.leave();
    }
  }

  async #firstProblem(programs: readonly CheckedFile[]): Promise<string | undefined> {
    for (const file of programs) {
      const problem = problemOf(file, this.#recall(file) ?? (await this.#judge(file)));
      if (problem) return problem;
    }
    return undefined;
  }

  #recall({ filename, hash, bytes }: CheckedFile): Verdict | undefined {
    if (isBytecode(filename)) return { problem: bytecodeProblem(bytes) };
    const verdict = this.#verdicts.get(hash);
    if (verdict) this.#remember(hash, verdict);
    return verdict;
  }

  #remember(hash: string, verdict: Verdict): void {
    this.#verdicts.delete(hash);
    this.#verdicts.set(hash, verdict);
    const [oldest] = this.#verdicts.keys();
    if (this.#verdicts.size > maxVerdicts && oldest !== undefined) this.#verdicts.delete(oldest);
  }

  async #judge(file: CheckedFile): Promise<Verdict> {
    const problem = encodingProblem(file.bytes);
    if (problem) return this.#judged(file, { problem: `${problem}.` });
    if (!/\S/.test(file.bytes.toString('latin1'))) return this.#judged(file, { isBlank: true });
    const verdict = await this.#compile(file);
    return verdict ? this.#judged(file, verdict) : {};
  }

  #judged({ hash }: CheckedFile, verdict: Verdict): Verdict {
    this.#remember(hash, verdict);
    return verdict;
  }

  /** Undefined where there is no compiler: that says nothing of the next time. */
  async #compile({ filename, bytes }: CheckedFile): Promise<Verdict | undefined> {
    const { signal } = this.#ending;
    if (signal.aborted) return undefined;
    if (!this.#compiler && performance.now() < this.#startsAgainAt) return undefined;
    this.#compiler ??= this.#start();
    const compiler = await this.#compiler;
    if (!compiler) return undefined;
    const finding = await compiler.compile(bytes, signal);
    if (finding.kind !== 'unknown') return verdictOf(bytes, finding, compiler.version);
    // It may hang, or hold all the memory that it may have.
    this.#compiler = undefined;
    await compiler.end();
    if (!signal.aborted) this.#options.onUnchecked(filename, finding.reason);
    return {};
  }

  async #start(): Promise<Compiler | undefined> {
    try {
      const compiler = await Compiler.start(this.#limits, this.#ending.signal);
      this.#isUnloadable = false;
      return compiler;
    } catch (error) {
      const isNews = !this.#isUnloadable && !this.#ending.signal.aborted;
      this.#isUnloadable = true;
      this.#compiler = undefined;
      this.#startsAgainAt = performance.now() + (this.#options.retryMs ?? usualRetryMs);
      if (isNews) this.#options.onUnloadable((error as Error).message);
      return undefined;
    }
  }
}

function isSource(filename: string): boolean {
  return sourceFile.test(filename);
}

/** Of any other file nothing is known. */
function isProgram({ filename }: CheckedFile): boolean {
  return isSource(filename) || isBytecode(filename);
}

function problemOf({ filename }: CheckedFile, { problem, isBlank = false }: Verdict = {}): string | undefined {
  if (problem) return `${filename} ${problem}`;
  if (!isBlank || !startFile.test(filename)) return undefined;
  return `${filename} is empty: a board that starts with it takes no further update.`;
}

function verdictOf(bytes: Buffer, finding: Exclude<Finding, { kind: 'unknown' }>, version: string): Verdict {
  const broken = finding.kind === 'broken' && !isForBoardsOnly(bytes, finding.error) ? finding : undefined;
  const stray = straySign(bytes);
  // Its compiler stumbles over some of them, and does not say which sign it is: it may look like a space.
  if (stray && (!broken || stray.line === broken.line)) {
    const place = `${stray.shown} in line ${stray.line}${shownLine(bytes, stray.line)}`;
    return {
      problem: `has ${place}: MicroPython takes it for a part of a name. Such signs come along with text that is copied from a page.`,
    };
  }
  if (!broken) return {};
  const { error, line } = broken;
  const place = line === 0 ? '' : `, line ${line}`;
  return {
    problem: `does not compile${place}: ${shorten(error, maxErrorLength)}${shownLine(bytes, line)}, says MicroPython ${version}.`,
  };
}

function isForBoardsOnly(bytes: Buffer, error: string): boolean {
  return error === decoratorError && nativeDecorator.test(bytes.toString('latin1'));
}

/** In the middle of a sentence; empty where there is nothing in it. */
function shownLine(bytes: Buffer, line: number): string {
  const text = textOfLine(bytes, line);
  return text === '' ? '' : `, in ${JSON.stringify(shorten(text, maxShownLength))}`;
}
