import type { Report } from '../protocol/report';
import type { Result } from '../push/outcome';
import type { Code, Verified } from '../push/state';
import type { DeviceRecord, Failures, FileRecord, LastResult } from './record';

type Fields = Readonly<Record<string, unknown>>;

const levels: readonly (Verified | null)[] = ['delivered', 'installed', 'running', 'online', null];
const sources: readonly FileRecord['by'][] = ['push', 'doubted', 'report'];
const results: readonly Result[] = ['success', 'unchanged', 'timeout', 'failed', 'cancelled'];
const states: readonly Report['state'][] = ['installed', 'running', 'failed', 'rolled_back'];

/** Reads records as they are kept on the disk. */
export class RecordReader {
  /** A thousand devices have the same file: its name and hash are held once. */
  readonly #texts = new Map<string, string>();

  /** @returns undefined where it is no record */
  read(value: unknown): DeviceRecord | undefined {
    if (!isFields(value) || !Array.isArray(value.files)) return undefined;
    const { target, address, seen, pushed, failures } = value;
    const files = value.files.map((file: unknown) => this.#file(file));
    const report = value.report === null ? null : this.#report(value.report);
    const last = value.last === null ? null : this.#last(value.last);
    const isGood =
      typeof target === 'string' &&
      isTextOrNull(address) &&
      isTimeOrNull(seen) &&
      isTimeOrNull(pushed) &&
      isFailuresOrNull(failures) &&
      report !== undefined &&
      last !== undefined &&
      files.every((file) => file !== undefined);
    if (!isGood) return undefined;
    return { target, address, seen, pushed, report, files, last, failures };
  }

  #file(value: unknown): FileRecord | undefined {
    if (!isFields(value)) return undefined;
    const { filename, hash, verified, by, since } = value;
    const isGood =
      typeof filename === 'string' &&
      typeof hash === 'string' &&
      levels.includes(verified as Verified) &&
      sources.includes(by as FileRecord['by']) &&
      typeof since === 'number';
    if (!isGood) return undefined;
    return {
      filename: this.#shared(filename),
      hash: this.#shared(hash),
      verified: verified as Verified | null,
      by: by as FileRecord['by'],
      since,
    };
  }

  #report(value: unknown): Report | undefined {
    if (!isFields(value)) return undefined;
    const { file, hash, error } = value;
    const isGood =
      states.includes(value.state as Report['state']) &&
      isTextOrNull(file) &&
      isTextOrNull(hash) &&
      isTextOrNull(error);
    if (!isGood) return undefined;
    const shared = (text: string | null) => (text === null ? null : this.#shared(text));
    return { ...value, file: shared(file), hash: shared(hash), error: shared(error) } as Report;
  }

  #last(value: unknown): LastResult | undefined {
    if (!isFields(value)) return undefined;
    const { result, code, message, remedy, filename, hash, at } = value;
    const isGood =
      results.includes(result as Result) &&
      isTextOrNull(code) &&
      typeof message === 'string' &&
      isTextOrNull(remedy) &&
      typeof filename === 'string' &&
      typeof hash === 'string' &&
      typeof at === 'number';
    if (!isGood) return undefined;
    return {
      result: result as Result,
      code: code as Code | null,
      message,
      remedy: remedy === null ? null : this.#shared(remedy),
      filename: this.#shared(filename),
      hash: this.#shared(hash),
      at,
    };
  }

  #shared(text: string): string {
    const known = this.#texts.get(text);
    if (known === undefined) this.#texts.set(text, text);
    return known ?? text;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isTimeOrNull(value: unknown): value is number | null {
  return value === null || typeof value === 'number';
}

function isFailuresOrNull(value: unknown): value is Failures | null {
  return value === null || (isFields(value) && typeof value.count === 'number' && typeof value.since === 'number');
}
