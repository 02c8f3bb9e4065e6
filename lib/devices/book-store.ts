import { rm } from 'node:fs/promises';
import { type BookContent, readBook, writeBook } from './book-file';
import { KeptFiles } from './kept-files';
import type { DeviceRecord } from './record';
import { Saving } from './saving';

export interface BookPaths {
  /** Of the file with what is known of devices. */
  readonly path: string;
  /** Of the folder with the bytes of files that devices had. */
  readonly filesFolder: string;
}

export interface BookStoreOptions extends BookPaths {
  /** Called where something of what was kept, or all of it, could not be read; what can be is there. */
  readonly onDamage: (message: string) => void;
  /** Called where it could not be written, once until it was again; what is known goes on without the disk. */
  readonly onUnwritten: (error: Error) => void;
}

/** How what is known of devices is kept on the disk, with the bytes of the files that it refers to. */
export class BookStore {
  readonly #options: BookStoreOptions;
  readonly #files: KeptFiles;
  readonly #saving = new Saving(() => this.#save());
  #records: () => readonly DeviceRecord[] = () => [];
  #isWritten = true;
  /** What could not be read may need bytes that nobody knows of, and where it may be whole nothing is written over it. */
  #found: BookContent['kind'] = 'whole';

  constructor(options: BookStoreOptions) {
    this.#options = options;
    this.#files = new KeptFiles(options.filesFolder);
  }

  /** What was kept. @param records asked for when it is saved: what there is then */
  open(records: () => readonly DeviceRecord[]): readonly DeviceRecord[] {
    this.#records = records;
    const content = readBook(this.#options.path);
    this.#found = content.kind;
    if (content.kind !== 'whole') this.#options.onDamage(content.problem);
    return content.records;
  }

  /** A push has changed it. */
  saveSoon(): void {
    this.#saving.soon();
  }

  /** A report has changed it. */
  saveLater(): void {
    this.#saving.later();
  }

  /** Keeps bytes, which nobody changes, as long as a record refers to them. @returns their SHA-256; undefined: they are not kept */
  keep(bytes: Buffer): string | undefined {
    return this.#found === 'unread' ? undefined : this.#files.add(bytes);
  }

  /** @throws Error where they are gone, or are others */
  bytesOf(sha256: string): Promise<Buffer> {
    return this.#files.read(sha256);
  }

  /** Resolves when all was saved that there is to be saved. */
  close(): Promise<void> {
    return this.#saving.close();
  }

  /** Closes it, and removes what was kept. @throws Error of the disk */
  async remove(): Promise<void> {
    await this.#saving.discard();
    await removeKept(this.#options.path, this.#files);
  }

  async #save(): Promise<boolean> {
    if (this.#found === 'unread') return true;
    const records = this.#records();
    const problems: Error[] = [];
    const attempt = (work: Promise<void>) => work.catch((error: Error) => void problems.push(error));
    // In this order: after a power cut no record refers to bytes that are not there.
    await attempt(this.#files.write());
    await attempt(writeBook(this.#options.path, records));
    const [problem] = problems;
    if (!problem && this.#found === 'whole') {
      // What is left over takes room and does no harm: it must not make a save fail that has been done.
      await this.#files.keepOnly(hashesIn(this.#records())).catch(() => undefined);
    }
    if (problem && this.#isWritten) this.#options.onUnwritten(problem);
    this.#isWritten = !problem;
    return this.#isWritten;
  }
}

/** Removes what was kept by a book that is not open. @throws Error of the disk */
export function removeBook({ path, filesFolder }: BookPaths): Promise<void> {
  return removeKept(path, new KeptFiles(filesFolder));
}

async function removeKept(path: string, files: KeptFiles): Promise<void> {
  for (const end of ['', '.tmp', '.damaged']) await rm(`${path}${end}`, { force: true });
  await files.remove();
}

/** Of all bytes that they refer to. */
function hashesIn(records: readonly DeviceRecord[]): Set<string> {
  const hashes = new Set<string>();
  for (const { files } of records) for (const { kept } of files) for (const { sha256 } of kept) hashes.add(sha256);
  return hashes;
}
