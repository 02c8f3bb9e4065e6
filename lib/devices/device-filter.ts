import { hasHash } from './kept-versions';
import type { DeviceRecord } from './record';

/** Which devices are asked for: those that all of it is true of. */
export interface DeviceFilter {
  /** This one. */
  readonly target?: string | undefined;
  /** Those that are not known to have this file: the name, and the hash of the bytes or the beginnings of both. */
  readonly outdated?: { readonly filename: string; readonly hashes: readonly string[] } | undefined;
  /** Those whose last pushes have failed. */
  readonly failed?: boolean | undefined;
}

export function isAskedFor(record: DeviceRecord, { target, outdated, failed = false }: DeviceFilter): boolean {
  if (target !== undefined && record.target !== target) return false;
  if (failed && record.failures === null) return false;
  return !outdated || !hasFile(record, outdated.filename, outdated.hashes);
}

function hasFile({ files }: DeviceRecord, filename: string, hashes: readonly string[]): boolean {
  const file = files.find((one) => one.filename === filename);
  if (!file || file.hash === null || file.verified === null) return false;
  // The two forms announce different hashes of the same bytes: of what is kept both are known.
  const { hash, kept } = file;
  const same = [hash, ...kept.flatMap((one) => (hasHash(one, hash) ? [one.hash, one.sha256] : []))];
  return hashes.some((digits) => same.some((known) => known.startsWith(digits)));
}
