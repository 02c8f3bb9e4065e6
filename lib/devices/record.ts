import type { Report } from '../protocol/report';
import type { Result } from '../push/outcome';
import type { Code, Verified } from '../push/state';

/** What is known of one device. Never changed: a new one takes its place. Times are milliseconds since 1970. */
export interface DeviceRecord {
  /** The device's hostname. */
  readonly target: string;
  /** The address that fetched a file last; null where none did. */
  readonly address: string | null;
  /** When it last fetched a file, or reported anything that was no message of before. */
  readonly seen: number | null;
  /** When the last push ended that was announced to it. */
  readonly pushed: number | null;
  /** Its last report (protocol 5.2). */
  readonly report: Report | null;
  /** The file that was pushed last is the last one. */
  readonly files: readonly FileRecord[];
  readonly last: LastResult | null;
  /** Pushes that have failed since the last success; null after a success or `unchanged`. A cancelled one changes nothing. */
  readonly failures: Failures | null;
}

/** What a device has under one file name, as far as is known. */
export interface FileRecord {
  readonly filename: string;
  /** As announced; null where nobody knows: it took a file back, and what it had before is not known. */
  readonly hash: string | null;
  /** How well it is known; null where the device may have it: it took every byte, and nobody knows what became of them. */
  readonly verified: Verified | null;
  /** What it had before, and goes back to where it takes this one back; null where that is not known. */
  readonly before: string | null;
  /**
   * - `push`: our last push of this file was a success, and the device has said nothing against it since
   * - `doubted`: we have pushed this file, but a push of it was no success since, or the device has said something else
   * - `report`: the device says so, and we have never pushed it
   */
  readonly by: 'push' | 'doubted' | 'report';
  readonly since: number;
  /** What was pushed with success and can be pushed again, the newest first; what the device took back is not among it. */
  readonly kept: readonly KeptVersion[];
}

/** A file that a device had, whose bytes are kept. */
export interface KeptVersion {
  /** As announced. */
  readonly hash: string;
  /** Of the bytes, which are kept under it. */
  readonly sha256: string;
  /** When it was pushed. */
  readonly at: number;
}

/** How the last push to a device ended. */
export interface LastResult {
  readonly result: Result;
  readonly code: Code | null;
  readonly message: string;
  readonly remedy: string | null;
  readonly filename: string;
  readonly hash: string;
  readonly at: number;
}

export interface Failures {
  readonly count: number;
  /** When the first of them ended. */
  readonly since: number;
}

/** Of a device that nothing is known of yet. */
export function emptyRecord(target: string): DeviceRecord {
  return { target, address: null, seen: null, pushed: null, report: null, files: [], last: null, failures: null };
}
