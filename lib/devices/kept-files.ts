import { BytesFolder } from '../bytes-folder';
import { hashOf } from '../protocol/announcement';

/** Of files that come faster than the disk takes them, so many bytes wait for it. */
const maxWaitingBytes = 64 * 1024 * 1024;

/** The bytes of files that devices had, on the disk, each content once. */
export class KeptFiles {
  readonly #folder: BytesFolder;
  /** Not on the disk yet, by their SHA-256. */
  readonly #waiting = new Map<string, Buffer>();
  #waitingBytes = 0;
  /** On the disk already, as far as is known. */
  readonly #written = new Set<string>();
  /** What is being read: however many ask for it, and for others, one is in memory at a time until somebody has it. */
  readonly #readings = new Map<string, Promise<Buffer>>();
  #lastReading: Promise<unknown> = Promise.resolve();
  /** A rollout gives one file to a thousand devices. */
  readonly #known = new WeakMap<Buffer, string>();

  constructor(folder: string) {
    this.#folder = new BytesFolder(folder);
  }

  /**
   * Keeps these bytes, which nobody changes; they are on the disk after the next `write`.
   * @returns their SHA-256; undefined where too many wait already: then they are not kept
   */
  add(bytes: Buffer): string | undefined {
    const sha256 = this.#sha256Of(bytes);
    if (this.#waiting.has(sha256) || this.#written.has(sha256)) return sha256;
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > maxWaitingBytes) return undefined;
    this.#waiting.set(sha256, bytes);
    this.#waitingBytes += bytes.length;
    return sha256;
  }

  /** Brings what waits to the disk. @throws Error of the disk; what is not there waits on */
  async write(): Promise<void> {
    for (const [sha256, bytes] of [...this.#waiting]) {
      await this.#folder.write(sha256, bytes);
      this.#written.add(sha256);
      this.#waiting.delete(sha256);
      this.#waitingBytes -= bytes.length;
    }
  }

  /** @throws Error where they are gone, or are others */
  async read(sha256: string): Promise<Buffer> {
    return this.#waiting.get(sha256) ?? this.#readings.get(sha256) ?? this.#readInTurn(sha256);
  }

  async #readInTurn(sha256: string): Promise<Buffer> {
    const reading = this.#lastReading.then(() => this.#folder.read(sha256));
    this.#lastReading = reading.then(nothing, nothing); // who asks gets the bytes, or the error
    this.#readings.set(sha256, reading);
    try {
      return await reading;
    } catch (error) {
      return this.#miss(sha256, error);
    } finally {
      this.#readings.delete(sha256);
    }
  }

  /** Removes all but these, and what waits. @throws Error of the disk */
  keepOnly(needed: ReadonlySet<string>): Promise<void> {
    for (const sha256 of this.#written) if (!needed.has(sha256)) this.#written.delete(sha256);
    return this.#folder.keepOnly(new Set([...needed, ...this.#waiting.keys()]));
  }

  /** @throws Error of the disk */
  remove(): Promise<void> {
    this.#waiting.clear();
    this.#written.clear();
    return this.#folder.remove();
  }

  /** The same bytes are to be written when they come again. */
  #miss(sha256: string, error: unknown): never {
    this.#written.delete(sha256);
    throw error;
  }

  #sha256Of(bytes: Buffer): string {
    const known = this.#known.get(bytes);
    if (known !== undefined) return known;
    const sha256 = hashOf(bytes, 'sha256');
    this.#known.set(bytes, sha256);
    return sha256;
  }
}

const nothing = (): void => undefined;
