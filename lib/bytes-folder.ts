import { chmod, mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hashOf } from './protocol/announcement';
import { writeFileAtomic } from './write-file-atomic';

/** Also what was left of one that was being written at a power cut. */
const bytesFile = /^([0-9a-f]{64})\.bin(\.tmp)?$/;
/** Files of boards may hold secrets: nobody but Node-RED's user may read them, nor see which there are. */
const ownerOnly = { folder: 0o700, file: 0o600 };

/** Bytes in a folder of their own, each content once, under its SHA-256. */
export class BytesFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes it, where it is not there, and lets nobody else read it, where it is. @throws Error of the disk */
  async make(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: ownerOnly.folder });
    await chmod(this.#folder, ownerOnly.folder);
  }

  /** @param sha256 of the bytes @throws Error of the disk */
  async write(sha256: string, bytes: Buffer): Promise<void> {
    await this.make();
    await writeFileAtomic(this.#pathOf(sha256), bytes, ownerOnly.file);
  }

  /** @throws Error where they are gone, or are others */
  async read(sha256: string): Promise<Buffer> {
    const bytes = await readFile(this.#pathOf(sha256));
    if (hashOf(bytes, 'sha256') !== sha256) throw new Error('they are damaged');
    return bytes;
  }

  /** Removes all bytes but these, and what a process that was killed has left of its writes. @throws Error of the disk */
  async keepOnly(needed: ReadonlySet<string>): Promise<void> {
    await this.removeUnfinished();
    for (const name of await this.#names()) {
      const [, sha256] = bytesFile.exec(name) ?? [];
      if (sha256 && !needed.has(sha256)) await rm(join(this.#folder, name), { force: true });
    }
  }

  /**
   * Removes what a process that was killed has left of its writes.
   * @param isOurs names of files that are looked at too
   * @throws Error of the disk
   */
  async removeUnfinished(isOurs: (name: string) => boolean = () => false): Promise<void> {
    const names = await this.#names();
    const unfinished = names.filter((name) => name.endsWith('.tmp') && (bytesFile.test(name) || isOurs(name)));
    for (const name of unfinished) await rm(join(this.#folder, name), { force: true });
  }

  /**
   * Removes all bytes, and the folder; what others have put there stays, and the folder with it.
   * @param isOurs names of files that go too
   * @throws Error of the disk
   */
  async remove(isOurs: (name: string) => boolean = () => false): Promise<void> {
    const names = await this.#names();
    const ours = names.filter((name) => bytesFile.test(name) || isOurs(name));
    for (const name of ours) await rm(join(this.#folder, name), { force: true });
    if (ours.length === names.length) await rmdir(this.#folder).catch(nothingWhereNoneIs);
  }

  #names(): Promise<readonly string[]> {
    return readdir(this.#folder).catch(nothingWhereNoneIs);
  }

  #pathOf(sha256: string): string {
    return join(this.#folder, `${sha256}.bin`);
  }
}

/** @throws Error of the disk, unless there is no such folder */
function nothingWhereNoneIs(error: NodeJS.ErrnoException): [] {
  if (error.code !== 'ENOENT') throw error;
  return [];
}
