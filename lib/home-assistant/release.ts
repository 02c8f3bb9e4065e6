import { hashOf } from '../protocol/announcement';
import type { HaTopics } from './topics';

/** A file of a release, without its bytes: they are kept under its SHA-256. */
export interface ReleaseFile {
  readonly filename: string;
  readonly sha1: string;
  readonly sha256: string;
}

/** What a device is to be given when Install is pressed. */
export interface Release {
  readonly version: string;
  /** For the entity's dialog; undefined: none. */
  readonly title?: string | undefined;
  readonly summary?: string | undefined;
  readonly url?: string | undefined;
  /** One at least; the last one tells what a device runs. */
  readonly files: readonly ReleaseFile[];
  /** It came as `msg.files`, and goes out so. */
  readonly isSet: boolean;
}

/** A version that a device may run, by its last file. */
export type KnownVersion = ReleaseFile & { readonly version: string };

/** What is remembered of a device that has an entity: not what it runs, which the device book knows. */
export interface EntityRecord {
  readonly release: Release;
  /** Those that it was offered, the newest first. */
  readonly known: readonly KnownVersion[];
  /** Where the broker may keep its messages; undefined: they were never sent. */
  readonly shownUnder?: HaTopics | undefined;
  /** The broker has once told us what it was sent to make it known: where it does not any more, somebody has cleared it. */
  readonly isTold?: boolean | undefined;
  /** Somebody has deleted it in Home Assistant: it is not shown until its next release. */
  readonly isDeleted?: boolean | undefined;
  /** The same of the button that goes back, alone. */
  readonly isButtonDeleted?: boolean | undefined;
}

/** Whether something that was read from the disk is what was written there. */
export function isRecord(value: unknown): value is EntityRecord {
  if (!isObject(value) || !isObject(value.release)) return false;
  const { known, release, shownUnder } = value;
  const isRelease = typeof release.version === 'string' && Array.isArray(release.files) && release.files.length > 0;
  const hasPlace = shownUnder === undefined || isPlace(shownUnder);
  if (!isRelease || !hasPlace || !Array.isArray(known)) return false;
  return [...known, ...(release.files as unknown[])].every(isFile);
}

function isPlace(value: unknown): boolean {
  return isObject(value) && [value.prefix, value.base].every((one) => typeof one === 'string');
}

function isFile(value: unknown): boolean {
  return isObject(value) && [value.filename, value.sha1, value.sha256].every((one) => typeof one === 'string');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** More than anybody goes back. */
const maxKnown = 20;

/** The file without its bytes. */
export function releaseFile(filename: string, bytes: Buffer): ReleaseFile {
  return { filename, sha1: hashOf(bytes, 'sha1'), sha256: hashOf(bytes, 'sha256') };
}

/** Of a release that was given none. The `#` keeps Home Assistant from comparing hashes as numbers. */
export function versionOf(files: readonly ReleaseFile[]): string {
  const [first, ...others] = files;
  const all = others.length > 0 ? hashOf(Buffer.from(files.map(({ sha1 }) => sha1).join('')), 'sha1') : first?.sha1;
  return shortHash(all ?? '');
}

/** The file that tells which release a device runs. */
export function lastFile({ files }: Release): ReleaseFile {
  const last = files.at(-1);
  if (!last) throw new Error('a release has a file');
  return last;
}

/** A device gets a newer release, and is shown again. */
export function withRelease(record: EntityRecord | undefined, release: Release): EntityRecord {
  const newest: KnownVersion = { ...lastFile(release), version: release.version };
  const others = (record?.known ?? []).filter(
    ({ sha256, filename }) => !(sha256 === newest.sha256 && filename === newest.filename),
  );
  return {
    release,
    known: [newest, ...others].slice(0, maxKnown),
    shownUnder: record?.shownUnder,
    isTold: record?.isTold,
  };
}

/** The version that a file with this hash, SHA-1 or SHA-256, makes of a device: the hash's beginning where no release had it. */
export function versionWith({ release, known }: EntityRecord, hash: string): string {
  const { filename } = lastFile(release);
  const match = known.find((one) => one.filename === filename && (one.sha1 === hash || one.sha256 === hash));
  return match?.version ?? shortHash(hash);
}

/** What an object takes besides its texts, and what the two hashes of a file take. */
const objectBytes = 100;
const hashesBytes = 40 + 64;

/** About how many bytes it takes, in memory and on the disk. */
export function bytesOfRecord({ release, known }: EntityRecord): number {
  const { version, title = '', summary = '', url = '', files } = release;
  const texts = [version, title, summary, url, ...known.map((one) => one.version)];
  const characters = texts.reduce((sum, { length }) => sum + length, 0);
  const ofFile = ({ filename }: ReleaseFile) => objectBytes + hashesBytes + filename.length;
  // Two bytes for each character that people have written: most are Latin, and nobody has to be.
  return [...files, ...known].reduce((bytes, file) => bytes + ofFile(file), objectBytes + 2 * characters);
}

function shortHash(hash: string): string {
  return `#${hash.slice(0, 8)}`;
}
