import type { Purpose } from '../push/services';
import type { FileRecord, KeptVersion } from './record';

/** What is kept of a push's files. */
export interface Keeping {
  /** Those whose bytes are kept. */
  readonly versions: ReadonlyMap<string, KeptVersion>;
  readonly purpose: Purpose;
  /** So many of each file of a device. */
  readonly most: number;
}

/**
 * What is kept of a file when a version was pushed with success, the newest first. Right behind it comes what the device had until
 * then: that is the way back from it. On the way back each version stays where it is, so that the next step leads further back.
 */
export function keptWith(
  version: KeptVersion,
  file: FileRecord | undefined,
  { purpose, most }: Keeping,
): readonly KeptVersion[] {
  const { hash, sha256, at } = version;
  const { kept = [], hash: had } = file ?? {};
  if (purpose === 'restore' && kept.some((one) => one.sha256 === sha256)) {
    // The other form announces another hash.
    return kept.map((one) => (one.sha256 === sha256 ? { ...one, hash } : one));
  }
  const others = kept.filter((one) => one.sha256 !== sha256);
  const before = others.filter((one) => hasHash(one, had));
  const rest = others.filter((one) => !hasHash(one, had));
  return [{ hash, sha256, at }, ...before, ...rest].slice(0, most);
}

/** The version before the one that the device has; undefined where none is kept. */
export function versionBefore({ hash, kept }: FileRecord): KeptVersion | undefined {
  // Of what it may have, or of what nobody knows, the one that was pushed last with success is the way back.
  return kept[kept.findIndex((one) => hasHash(one, hash)) + 1];
}

/** Whether these are the bytes of a hash: each form of announcements has another. */
export function hasHash(version: KeptVersion, hash: string | null | undefined): boolean {
  return version.hash === hash || version.sha256 === hash;
}

/** Those whose hash, as announced or SHA-256, begins so. @param digits in lower case */
export function versionsLike({ kept }: FileRecord, digits: string): readonly KeptVersion[] {
  return kept.filter(({ hash, sha256 }) => hash.startsWith(digits) || sha256.startsWith(digits));
}
