import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** Counts how often a file is written anew, by another that takes its place. */
export class Writings {
  readonly #marker: string;
  readonly #watcher: FSWatcher;
  #count = 0;
  #total: Promise<number> | undefined;

  /** From now on, whether or not the file is there yet. */
  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#marker = `${path}.counted`;
    this.#watcher = watch(dirname(path), (event, name) => {
      if (event === 'rename' && name === basename(path)) this.#count += 1;
    });
  }

  /** Resolves when it has been written so often. */
  until(count: number): Promise<void> {
    return this.#hear(() => this.#count >= count);
  }

  /** Counts no more. @returns how often it was written */
  stop(): Promise<number> {
    this.#total ??= this.#finish();
    return this.#total;
  }

  /** The system tells of all that happens in a folder in its order, and some time later. */
  async #finish(): Promise<number> {
    const isHeard = this.#hear((name) => name === basename(this.#marker));
    await writeFile(this.#marker, '');
    await isHeard;
    this.#watcher.close();
    await rm(this.#marker);
    return this.#count;
  }

  #hear(isIt: (name: string | null) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (_event?: string, name: string | null = null) => {
        if (!isIt(name)) return;
        this.#watcher.off('change', look);
        resolve();
      };
      this.#watcher.on('change', look);
      look();
    });
  }
}
