import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../write-file-atomic';

/** How far a device's counter may be ahead of our clock to be gone on from (protocol 6.4). */
const maxAheadMs = 365 * 24 * 3600 * 1000;
/** So many devices: hostnames come with messages. */
const maxDevices = 20_000;

/**
 * The counters of signed announcements (protocol 6.4): our clock in milliseconds, raised where needed so that each
 * device sees it grow, whatever happens to the clock. The last ones are kept in a file.
 */
export class Counters {
  readonly #path: string;
  readonly #onProblem: (error: Error) => void;
  readonly #now: () => number;
  #last: Promise<Map<string, number>> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isWritten = true;
  /** The file is there, and could not be read yet: it is not written over. */
  #isUnread = false;
  #hasProblem = false;

  /**
   * @param onProblem called when the file can't be read or written, once until it can: the clock alone makes the counters grow
   * meanwhile
   */
  constructor(path: string, onProblem: (error: Error) => void, now: () => number = Date.now) {
    this.#path = path;
    this.#onProblem = onProblem;
    this.#now = now;
  }

  /** The counter for an announcement to this device; resolves when it is on the disk. */
  async next(target: string): Promise<number> {
    this.#last ??= this.#read();
    const last = await this.#last;
    const now = this.#now();
    const counter = Math.max(now, (last.get(target) ?? 0) + 1);
    last.delete(target);
    last.set(target, counter);
    forgetOldest(last, now);
    await this.#write(last);
    return counter;
  }

  /** Goes on from the counter in a device's report; false where it is too far ahead to be believed. */
  async goOnFrom(target: string, counter: number): Promise<boolean> {
    if (counter < 0 || counter > this.#now() + maxAheadMs) return false;
    this.#last ??= this.#read();
    const last = await this.#last;
    last.set(target, Math.max(counter, last.get(target) ?? 0));
    return true;
  }

  async #read(): Promise<Map<string, number>> {
    try {
      return await this.#readFile();
    } catch (error) {
      this.#isUnread = true;
      this.#tell(error as Error);
      return new Map();
    }
  }

  /** None where there is no file, or it is damaged. @throws Error where the system can't read it now (no descriptor is left, or no right) */
  async #readFile(): Promise<Map<string, number>> {
    const text = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return '{}';
    });
    try {
      const entries = Object.entries(JSON.parse(text) as Record<string, unknown>);
      return new Map(entries.filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1])));
    } catch (error) {
      this.#tell(error as Error);
      return new Map();
    }
  }

  #tell(problem: Error): void {
    if (!this.#hasProblem) this.#onProblem(problem);
    this.#hasProblem = true;
  }

  /** Those who come while it is being written share the next writing. */
  #write(last: Map<string, number>): Promise<void> {
    if (this.#isWritten) {
      this.#isWritten = false;
      this.#writing = this.#writing.then(() => {
        this.#isWritten = true;
        return this.#writeNow(last);
      });
    }
    return this.#writing;
  }

  async #writeNow(last: Map<string, number>): Promise<void> {
    try {
      if (this.#isUnread) raise(last, await this.#readFile());
      this.#isUnread = false;
      await mkdir(dirname(this.#path), { recursive: true });
      await writeFileAtomic(this.#path, JSON.stringify(Object.fromEntries(last)));
      this.#hasProblem = false;
    } catch (error) {
      this.#tell(error as Error);
    }
  }
}

/** No counter is lower than it was. */
function raise(last: Map<string, number>, earlier: ReadonlyMap<string, number>): void {
  for (const [target, counter] of earlier) last.set(target, Math.max(counter, last.get(target) ?? 0));
}

/** Of more devices than there may be, the one that was announced to longest ago; not where the clock alone is behind its counter. */
function forgetOldest(last: Map<string, number>, now: number): void {
  if (last.size <= maxDevices) return;
  for (const [target, counter] of last) {
    if (counter >= now) continue;
    last.delete(target);
    return;
  }
}
