/** Why a device did not install a file (protocol 5.3). */
export const reportErrors = [
  'bad_announcement',
  'bad_name',
  'shadowed',
  'unsigned',
  'no_secret',
  'no_sha1',
  'bad_signature',
  'replayed',
  'counter_lost',
  'no_space',
  'connect_failed',
  'timed_out',
  'size_mismatch',
  'hash_mismatch',
  'write_failed',
  'watchdog',
  'internal',
] as const;

export type ReportError = (typeof reportErrors)[number];

const states = ['installed', 'running', 'failed', 'rolled_back'] as const;

/** A device's own word on one file (protocol 5.2). */
export interface Report {
  readonly state: (typeof states)[number];
  /** The file's name on the device; null where the device could not read it. */
  readonly file: string | null;
  /** As announced; null where the device could not read it. */
  readonly hash: string | null;
  /** Why it failed; a newer module may know errors that are not listed here. */
  readonly error: ReportError | string | null;
  /**
   * In signed reports, and with the error `replayed`: the last counter that the device has accepted. With `counter_lost` that of
   * the announcement that it refused.
   */
  readonly counter?: number;
  /** With the error `internal`: the name of the exception, such as `MemoryError`. */
  readonly exception?: string;
  /** False where the board has no timer to watch over a trial: it cannot restart a program that hangs. */
  readonly guard?: false;
}

/** Longer than any report: what is longer is none. */
const maxBytes = 2048;

/** Reads a report; undefined for anything else, since anyone may publish there (protocol 5.2). */
export function parseReport(payload: Buffer): Report | undefined {
  if (payload.length > maxBytes) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(payload.toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return readReport(value);
}

/** Reads what may be a report, from wherever it comes; undefined for anything else. */
export function readReport(value: unknown): Report | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { state, file = null, hash = null, error = null, counter, exception, guard } = value as Record<string, unknown>;
  const known = states.find((one) => one === state);
  if (!known || !isTextOrNull(file) || !isTextOrNull(hash) || !isTextOrNull(error)) return undefined;
  return {
    state: known,
    file,
    hash,
    error,
    ...(Number.isSafeInteger(counter) ? { counter: counter as number } : {}),
    ...(typeof exception === 'string' ? { exception } : {}),
    ...(guard === false ? { guard } : {}),
  };
}

/** No report of a device has longer ones (protocol 4a, 5.2): whoever may publish reports can write what he likes. */
const maxFilename = 200;
const maxText = 64;

/** Whether a device may have said this: what is longer is not kept for each of thousands of devices. */
export function isPlausible({ file, hash, error, exception = '' }: Report): boolean {
  if (file !== null && file.length > maxFilename) return false;
  return [hash, error, exception].every((text) => text === null || text.length <= maxText);
}

/** Whether two reports say the same. */
export function isSameReport(one: Report, other: Report): boolean {
  return (
    one.state === other.state &&
    one.file === other.file &&
    one.hash === other.hash &&
    one.error === other.error &&
    one.counter === other.counter &&
    one.exception === other.exception &&
    one.guard === other.guard
  );
}

/** The characters in its texts. */
export function lengthOfReport({ file, hash, error, exception }: Report): number {
  return [file, hash, error, exception].reduce((sum, text) => sum + (text?.length ?? 0), 0);
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}
