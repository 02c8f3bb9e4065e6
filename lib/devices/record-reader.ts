import { isPlausible, type Report, readReport } from '../protocol/report';
import type { Result } from '../push/outcome';
import type { Code, Verified } from '../push/state';
import type { DeviceRecord, Failures, FileRecord, KeptVersion, LastResult } from './record';

type Fields = Readonly<Record<string, unknown>>;

const levels: readonly (Verified | null)[] = ['delivered', 'installed', 'running', 'online', null];
const sources: readonly FileRecord['by'][] = ['push', 'doubted', 'report'];
const results: readonly Result[] = ['success', 'unchanged', 'timeout', 'failed', 'cancelled'];

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
    const { filename, hash, verified, before, by, since } = value;
    const kept = Array.isArray(value.kept) ? value.kept.map((one: unknown) => this.#version(one)) : [undefined];
    const isGood =
      typeof filename === 'string' &&
      isTextOrNull(hash) &&
      isTextOrNull(before) &&
      kept.every((one) => one !== undefined) &&
      levels.includes(verified as Verified) &&
      sources.includes(by as FileRecord['by']) &&
      typeof since === 'number';
    if (!isGood) return undefined;
    return {
      filename: this.#shared(filename),
      hash: this.#sharedOrNull(hash),
      verified: verified as Verified | null,
      before: this.#sharedOrNull(before),
      by: by as FileRecord['by'],
      since,
      kept,
    };
  }

  #version(value: unknown): KeptVersion | undefined {
    if (!isFields(value)) return undefined;
    const { hash, sha256, at } = value;
    // A name of a file in our folder is made of it.
    if (typeof hash !== 'string' || !isSha256(sha256) || typeof at !== 'number') return undefined;
    return { hash: this.#shared(hash), sha256: this.#shared(sha256), at };
  }

  #report(value: unknown): Report | undefined {
    const report = readReport(value);
    if (!report || !isPlausible(report)) return undefined;
    const shared = (text: string | null) => this.#sharedOrNull(text);
    return { ...report, file: shared(report.file), hash: shared(report.hash), error: shared(report.error) };
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
      remedy: this.#sharedOrNull(remedy),
      filename: this.#shared(filename),
      hash: this.#shared(hash),
      at,
    };
  }

  #sharedOrNull(text: string | null): string | null {
    return text === null ? null : this.#shared(text);
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

function isSha256(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
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
