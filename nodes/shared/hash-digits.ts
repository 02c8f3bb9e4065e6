/** A hash as announced, or a file's SHA-256; as much of it as people are shown. */
const digits = /^[0-9a-f]{8,64}$/i;

/** The hash, or its beginning, that a message names, in lower case; undefined where it names none. */
export function hashDigits(value: unknown): string | undefined {
  return typeof value === 'string' && digits.test(value) ? value.toLowerCase() : undefined;
}
