/** Smaller files are cheaper to hold twice than to look for. */
const leastBytes = 1024;

/** The bytes of files as long as anybody needs them, each content once however many pushes bring it. */
export class SharedBytes {
  readonly #known = new Map<string, WeakRef<Buffer>>();
  readonly #unneeded = new FinalizationRegistry<string>((hash) => {
    if (!this.#known.get(hash)?.deref()) this.#known.delete(hash);
  });

  /** @param bytes of our own, which nobody changes @param hash of them @returns these, or the same that somebody has already */
  of(bytes: Buffer, hash: string): Buffer {
    if (bytes.length < leastBytes) return bytes;
    const known = this.#known.get(hash)?.deref();
    // Two files may have one SHA-1, where somebody has made them so.
    if (known) return known.equals(bytes) ? known : bytes;
    this.#known.set(hash, new WeakRef(bytes));
    this.#unneeded.register(bytes, hash);
    return bytes;
  }
}
