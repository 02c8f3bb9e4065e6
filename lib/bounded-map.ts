/** What an entry takes besides its texts, as far as V8 can be known. */
const entryBytes = 200;

/**
 * A map that messages fill, bounded in bytes: what anyone may publish must not fill our memory. What was set longest ago goes first,
 * so that who floods it is forgotten as well.
 */
export class BoundedMap<Value> {
  readonly #entries = new Map<string, { value: Value; readonly bytes: number }>();
  readonly #maxBytes: number;
  readonly #lengthOf: (value: Value) => number;
  #bytes = 0;

  /** @param lengthOf the characters that a value holds */
  constructor(maxBytes: number, lengthOf: (value: Value) => number = () => 0) {
    this.#maxBytes = maxBytes;
    this.#lengthOf = lengthOf;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** The oldest first. */
  *[Symbol.iterator](): Generator<readonly [key: string, value: Value]> {
    for (const [key, { value }] of this.#entries) yield [key, value];
  }

  /** The entry becomes the newest. */
  set(key: string, value: Value): void {
    this.delete(key);
    // Two bytes for each character: most are Latin, and nobody has to be.
    const bytes = entryBytes + 2 * (key.length + this.#lengthOf(value));
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) this.#forgetOldest();
  }

  /** Replaces the value of an entry where it stands: it becomes no newer, and is not counted anew. */
  replace(key: string, value: Value): void {
    const entry = this.#entries.get(key);
    if (entry) entry.value = value;
  }

  /** The newest last. */
  values(): readonly Value[] {
    return Array.from(this.#entries.values(), ({ value }) => value);
  }

  delete(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #forgetOldest(): void {
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.delete(oldest);
    }
  }
}
