import type { Report } from '../protocol/report';
import type { Job } from '../push/job';
import type { Outcome } from '../push/outcome';
import { isOfItsConnection } from '../push/session';
import type { Verified } from '../push/state';
import { type Keeping, keptWith } from './kept-versions';
import type { FileRecord } from './record';

/** So many names of one device; the one that was pushed longest ago goes first. */
const maxFiles = 50;
/** Names that a device has told and nobody has pushed: whoever may publish reports can invent them. */
const maxReportedOnly = 2;

const ranks: Record<Verified, number> = { delivered: 0, installed: 1, running: 2, online: 2 };

type Files = readonly FileRecord[];

/**
 * What a device has after a push. A set is believed as a whole or not at all: before its last file the device was not restarted.
 * @param outcomes of the push's files, in order
 * @param keeping the bytes of which files are kept, by their names
 */
export function afterPush(files: Files, outcomes: readonly Outcome[], at: number, keeping: Keeping): Files {
  const isSuccess = outcomes.every(({ code }) => code === null);
  let known = files;
  for (const outcome of outcomes) {
    if (!isAnnounced(outcome)) continue;
    const { filename, hash, verified } = outcome;
    const had = known.find((file) => file.filename === filename);
    // What it only may have it may as well have not: then it had what was there before that.
    const isSure = had?.hash !== hash && had?.verified !== null;
    const before = (isSure ? had?.hash : had?.before) ?? null;
    if (isSuccess && verified) {
      const version = keeping.versions.get(filename);
      const kept = version ? keptWith(version, had, keeping) : (had?.kept ?? []);
      known = withFile(known, { filename, hash, verified, before, by: 'push', since: at, kept });
    } else if (mayHave(outcome) && !hasForSure(had, hash)) {
      const kept = had?.kept ?? [];
      known = withFile(known, { filename, hash, verified: null, before, by: 'doubted', since: at, kept });
    } else if (had) known = replaced(known, had, doubted(had));
  }
  if (known.length <= maxFiles) return known;
  // What only the device tells of pushes nothing out.
  const surplus = new Set(known.filter(({ by }) => by !== 'report').slice(0, -maxFiles));
  return known.filter((file) => !surplus.has(file));
}

/** What is known of it while a push is under way: none of its files may be skipped. */
export function duringPush(files: Files, jobs: readonly Job[]): Files {
  return files.map((file) => (jobs.some(({ filename }) => filename === file.filename) ? doubted(file) : file));
}

/** What a device has after it has said something (protocol 5.2). */
export function afterReport(files: Files, report: Report, at: number): Files {
  const { state, file: filename, hash } = report;
  if (filename === null || hash === null) return files;
  const known = files.find((file) => file.filename === filename);
  if (state === 'installed' || state === 'running') return confirmed(files, known, { filename, hash, state, at });
  if (!known) return files;
  // What was only delivered may have been refused; what was installed, or fetched, is still there after another try has failed.
  const isThere = state === 'failed' && (known.verified !== 'delivered' || isOfItsConnection(report));
  if (known.hash !== hash || isThere) return replaced(files, known, doubted(known));
  // A set goes back as one: its files came at one time.
  return files.map((file) => (file.since === known.since ? takenBack(file, at) : file)).filter(tellsAnything);
}

/** Whether the push has told the device anything that it could act on. */
export function isAnnounced({ result, port }: Outcome): boolean {
  return result !== 'unchanged' && port !== null;
}

/** It has every byte, and has not said that it did not take the file. */
function mayHave({ device, sent, size, code }: Outcome): boolean {
  return device !== null && sent === size && code !== 'rejected';
}

/** Whatever became of the push: it was sent what it had. */
function hasForSure(had: FileRecord | undefined, hash: string): boolean {
  return had !== undefined && had.hash === hash && had.verified !== null;
}

function confirmed(
  files: Files,
  known: FileRecord | undefined,
  said: {
    readonly filename: string;
    readonly hash: string;
    readonly state: 'installed' | 'running';
    readonly at: number;
  },
): Files {
  const { filename, hash, state, at } = said;
  if (!known) {
    const told = { filename, hash, verified: state, before: null, by: 'report', since: at, kept: [] } as const;
    return withFile(withRoom(files), told);
  }
  if (known.hash !== hash) {
    return withFile(files, { ...doubted(known), hash, verified: state, before: known.hash, since: at });
  }
  const { verified } = known;
  if (verified && ranks[verified] >= ranks[state]) return files;
  return replaced(files, known, { ...known, verified: state });
}

/** What was tried and taken back the device never had: it has what it had before. */
function takenBack(file: FileRecord, at: number): FileRecord {
  const { filename, hash, before, by } = file;
  return {
    filename,
    hash: before,
    verified: before === null ? null : 'installed',
    before: null,
    by: by === 'push' ? 'doubted' : by,
    since: at,
    kept: file.kept.filter((one) => one.hash !== hash),
  };
}

function tellsAnything({ hash, kept }: FileRecord): boolean {
  return hash !== null || kept.length > 0;
}

/** With room for one more that only the device tells of. */
function withRoom(files: Files): Files {
  const told = files.filter(({ by }) => by === 'report');
  return told.length < maxReportedOnly ? files : files.filter((file) => file !== told[0]);
}

function doubted(file: FileRecord): FileRecord {
  return file.by === 'push' ? { ...file, by: 'doubted' } : file;
}

function replaced(files: Files, file: FileRecord, by: FileRecord): Files {
  return files.map((one) => (one === file ? by : one));
}

/** At the end, in place of the one of that name. */
function withFile(files: Files, file: FileRecord): Files {
  return [...files.filter(({ filename }) => filename !== file.filename), file];
}
