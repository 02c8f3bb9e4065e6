import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { hashOf } from '../push/announcement';
import type { DeviceRecord, ReleaseFile } from './release';

const recordsFile = 'devices.json';
const bytesFile = /^([0-9a-f]{64})\.bin$/;

/** What is remembered of devices, and the bytes of their releases, in a folder: each file once, under its SHA-256. */
export class ReleaseStore {
  readonly #folder: string;
  #saving: Promise<void> = Promise.resolve();
  /** The one that has not begun. */
  #next: Promise<void> | undefined;
  readonly #newBytes = new Map<string, Buffer>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What was saved; nothing where nothing was. @throws Error where it can't be read */
  async load(): Promise<Map<string, DeviceRecord>> {
    try {
      return new Map(Object.entries(JSON.parse(await readFile(join(this.#folder, recordsFile), 'utf8'))));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw error;
    }
  }

  /** @throws Error where they are gone, or are others */
  async bytesOf({ sha256, filename }: ReleaseFile): Promise<Buffer> {
    const bytes = await readFile(this.#pathOf(sha256));
    if (hashOf(bytes, 'sha256') !== sha256) throw new Error(`The kept bytes of ${filename} are damaged.`);
    return bytes;
  }

  /**
   * Resolves when it is on the disk; then the bytes that no device needs any more are gone.
   * A thousand devices that report at once are one write: who comes before it has begun is written with it.
   * @param records asked for when it begins
   * @param bytes of files that are new, by their SHA-256
   */
  save(
    records: () => ReadonlyMap<string, DeviceRecord>,
    bytes: ReadonlyMap<string, Buffer> = new Map(),
  ): Promise<void> {
    for (const [sha256, content] of bytes) this.#newBytes.set(sha256, content);
    this.#next ??= this.#saving.then(() => {
      this.#next = undefined;
      return this.#save(records());
    });
    this.#saving = this.#next.catch(() => undefined);
    return this.#next;
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  async #save(records: ReadonlyMap<string, DeviceRecord>): Promise<void> {
    const bytes = [...this.#newBytes];
    this.#newBytes.clear();
    const needed = new Set([...records.values()].flatMap(({ release }) => release.files.map(({ sha256 }) => sha256)));
    await mkdir(this.#folder, { recursive: true });
    await Promise.all(bytes.map(([sha256, content]) => writeFileAtomic(this.#pathOf(sha256), content)));
    await writeFileAtomic(join(this.#folder, recordsFile), JSON.stringify(Object.fromEntries(records)));
    const names = await readdir(this.#folder);
    const useless = names.filter((name) => bytesFile.test(name) && !needed.has(bytesFile.exec(name)?.[1] ?? ''));
    await Promise.all(useless.map((name) => rm(join(this.#folder, name), { force: true })));
  }

  #pathOf(sha256: string): string {
    return join(this.#folder, `${sha256}.bin`);
  }
}
