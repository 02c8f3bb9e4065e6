import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** What came of compiling a file. */
export type Finding =
  | { readonly kind: 'compiles' }
  /** `error` as MicroPython says it; `line` from 1, 0 where it is not known. */
  | { readonly kind: 'broken'; readonly error: string; readonly line: number }
  /** The compiler has failed, which says nothing about the file. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** What a check may cost. */
export interface Limits {
  /** Milliseconds for loading MicroPython, and for each file. */
  readonly timeMs: number;
  /** Of MicroPython's memory, in bytes; it begins with 16 MB. */
  readonly memory: number;
}

/** JavaScript, but for what MicroPython keeps: more than it ever takes. */
const maxHeapMegabytes = 64;

/** The id of a thread that has ended. */
const ended = -1;

/** MicroPython's own compiler in a thread of its own, one file at a time. Closed by its owner. */
export class Compiler {
  /** @throws Error where it cannot be loaded, or not in time, or the signal is aborted */
  static async start(limits: Limits, signal: AbortSignal): Promise<Compiler> {
    const worker = new Worker(join(__dirname, 'compiler-thread.mjs'), {
      workerData: { maxBytes: limits.memory },
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes },
      // Nothing of the main thread's is its business, and what it prints in its last moments is nobody's.
      argv: [],
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    // One that fails between two files is noticed at the next.
    worker.on('error', () => undefined);
    try {
      const { version } = await answer<{ version: string }>(worker, limits.timeMs, signal);
      return new Compiler(worker, version, limits.timeMs);
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  readonly #worker: Worker;
  readonly #timeMs: number;

  private constructor(
    worker: Worker,
    /** MicroPython's. */
    readonly version: string,
    timeMs: number,
  ) {
    this.#worker = worker;
    this.#timeMs = timeMs;
  }

  /** Whatever becomes of it is a finding. After an unknown one it is of no use any more. */
  async compile(bytes: Uint8Array, signal: AbortSignal): Promise<Finding> {
    // A copy: the memory that holds the bytes may hold much more, all of which would be sent along.
    const copy = Uint8Array.from(bytes);
    this.#worker.postMessage(copy, [copy.buffer]);
    try {
      return await answer<Finding>(this.#worker, this.#timeMs, signal);
    } catch (error) {
      return { kind: 'unknown', reason: (error as Error).message };
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** The next message of a thread. @throws Error where it fails first, or the time is up, or the signal is aborted */
async function answer<T>(worker: Worker, timeMs: number, signal: AbortSignal): Promise<T> {
  const giveUp = new AbortController();
  const onAbort = () => giveUp.abort('it was ended');
  const onExit = () => giveUp.abort('it has ended by itself');
  const timer = setTimeout(() => giveUp.abort(`it took longer than ${timeMs / 1000} seconds`), timeMs);
  signal.addEventListener('abort', onAbort);
  worker.once('exit', onExit);
  try {
    if (signal.aborted) onAbort();
    if (worker.threadId === ended) onExit();
    const [message] = (await once(worker, 'message', { signal: giveUp.signal })) as [T];
    return message;
  } catch (error) {
    throw giveUp.signal.aborted ? new Error(String(giveUp.signal.reason)) : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    worker.off('exit', onExit);
  }
}
