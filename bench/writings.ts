import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Counts how often a file is written anew, by another that takes its place. */
export class Writings {
  readonly #watcher: FSWatcher;
  #count = 0;

  /** From now on, whether or not the file is there yet. */
  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.#watcher = watch(dirname(path), (event, name) => {
      if (event === 'rename' && name === basename(path)) this.#count += 1;
    });
  }

  /** So far. */
  get count(): number {
    return this.#count;
  }

  close(): void {
    this.#watcher.close();
  }
}
