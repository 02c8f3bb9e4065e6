import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { BytesFolder } from '../bytes-folder';
import { writeFileAtomic } from '../write-file-atomic';
import { type EntityRecord, isRecord, type ReleaseFile } from './release';

const recordsFile = 'devices.json';
/** Also what was left of one that was being written at a power cut. */
const anyRecordsFile = /^devices\.json(\.tmp|\.damaged)?$/;

type Records = ReadonlyMap<string, EntityRecord>;

/** What is remembered of devices, and the bytes of their releases, in a folder: each file once, under its SHA-256. */
export class ReleaseStore {
  readonly #folder: string;
  readonly #bytes: BytesFolder;
  /** One write after the other; never rejects. */
  #queue: Promise<unknown> = Promise.resolve();
  /** The save that has not begun. */
  #next: Promise<void> | undefined;
  /** Kept for a release that is not saved yet. */
  readonly #reserved = new Set<string>();
  /** What can't be read may need bytes that nobody knows of. */
  #isDamaged = false;
  /** Why what was saved could not be read, though it may be whole: nothing is written over it. */
  #unread: Error | undefined;
  #isRemoved = false;

  constructor(folder: string) {
    this.#folder = folder;
    this.#bytes = new BytesFolder(folder);
  }

  /**
   * What was saved; nothing where nothing was. Records that are none are left out.
   * @throws Error where it is damaged: it is put aside, and all bytes stay; or where the system can't read it now (no descriptor is
   * left, or no right): then nothing is kept or saved, which would write over it
   */
  async load(): Promise<Map<string, EntityRecord>> {
    const path = join(this.#folder, recordsFile);
    // It takes room and does no harm, as long as it cannot be removed.
    await this.#bytes.removeUnfinished((name) => anyRecordsFile.test(name)).catch(() => undefined);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw this.#notToBeChanged(error);
    }
    try {
      return recordsOf(text);
    } catch (error) {
      await this.#putAside(path);
      throw new Error(
        `What was known of releases can't be read (${(error as Error).message}). It is put aside: ${path}.damaged`,
      );
    }
  }

  async #putAside(path: string): Promise<void> {
    this.#isDamaged = true;
    try {
      await rename(path, `${path}.damaged`);
    } catch (error) {
      throw this.#notToBeChanged(error);
    }
  }

  #notToBeChanged(cause: unknown): Error {
    const { message } = cause as Error;
    this.#unread = new Error(
      `What was known of releases can't be read (${message}), and nothing is written over it: deploy again when it can be.`,
      { cause },
    );
    return this.#unread;
  }

  /** Keeps the bytes of a release's files. To be followed by `save`, or by `release`. @throws Error of the disk */
  keep(bytes: ReadonlyMap<string, Buffer>): Promise<void> {
    for (const sha256 of bytes.keys()) this.#reserved.add(sha256);
    return this.#inTurn(async () => {
      if (this.#isRemoved) return;
      if (this.#unread) throw this.#unread;
      for (const [sha256, content] of bytes) await this.#bytes.write(sha256, content);
    });
  }

  /** They are needed no longer, unless by a record. */
  release(bytes: ReadonlyMap<string, Buffer>): void {
    for (const sha256 of bytes.keys()) this.#reserved.delete(sha256);
  }

  /** @throws Error where they are gone, or are others */
  bytesOf({ sha256, filename }: ReleaseFile): Promise<Buffer> {
    return this.#inTurn(() =>
      this.#bytes.read(sha256).catch((cause: Error) => {
        throw new Error(`The kept bytes of ${filename} can't be read: ${cause.message}`, { cause });
      }),
    );
  }

  /**
   * Resolves when it is on the disk; then the bytes that no device needs any more are removed.
   * A thousand devices that report at once are one write: what comes before it has begun is written with it.
   * @param records asked for when it begins
   */
  save(records: () => Records): Promise<void> {
    this.#next ??= this.#inTurn(() => {
      this.#next = undefined;
      return this.#save(records());
    });
    return this.#next;
  }

  /** All that was kept goes away, and nothing is kept any more. @throws Error of the disk */
  remove(): Promise<void> {
    return this.#inTurn(async () => {
      this.#isRemoved = true;
      await this.#bytes.remove((name) => anyRecordsFile.test(name));
    });
  }

  /**
   * What was kept for a release that could not be saved goes away: on a full disk it would keep everything else from being saved.
   * @param records as they are then
   */
  tidy(records: () => Records): Promise<void> {
    return this.#inTurn(() => this.#cleanUp(records()).catch(() => undefined)); // the next save tries again
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #save(records: Records): Promise<void> {
    if (this.#isRemoved) return;
    if (this.#unread) throw this.#unread;
    await this.#bytes.make();
    await writeFileAtomic(join(this.#folder, recordsFile), JSON.stringify(Object.fromEntries(records)));
    // What is left over takes room and does no harm: it must not make a save fail that has been done.
    await this.#cleanUp(records).catch(() => undefined);
  }

  async #cleanUp(records: Records): Promise<void> {
    if (this.#isDamaged || this.#unread) return;
    const needed = new Set(this.#reserved);
    for (const { release } of records.values()) for (const { sha256 } of release.files) needed.add(sha256);
    await this.#bytes.keepOnly(needed);
  }
}

/** @throws Error where it is no JSON */
function recordsOf(text: string): Map<string, EntityRecord> {
  const saved: unknown = JSON.parse(text);
  return new Map(
    Object.entries(saved as object).filter((entry): entry is [string, EntityRecord] => isRecord(entry[1])),
  );
}
