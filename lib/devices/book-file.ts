import { readFileSync, renameSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../error-message';
import { writeFileAtomic } from '../write-file-atomic';
import type { DeviceRecord } from './record';
import { RecordReader } from './record-reader';

/** The first line: of what form the others are, and how many. */
interface Header {
  readonly format: number;
  readonly devices: number;
}

const format = 1;
/** So many lines are made at a time: a thousand take some milliseconds. */
const linesPerPart = 200;
/** The system's words for a file that is not there, or not its folder. */
const nothingThere: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR']);
/** Hostnames and what devices run are nobody else's business. */
const ownerOnly = 0o600;

/**
 * What was read:
 * - `whole`: all of it; nothing where nothing was kept
 * - `damaged`: what could be read of it; the rest is put aside
 * - `unread`: nothing, though it may be whole: the system can't read it now (no descriptor is left, or no right)
 */
export type BookContent =
  | { readonly kind: 'whole'; readonly records: readonly DeviceRecord[] }
  | {
      readonly kind: 'damaged' | 'unread';
      readonly records: readonly DeviceRecord[];
      /** As a sentence. */
      readonly problem: string;
    };

/**
 * What is kept of devices. A file that is not whole is put aside.
 * Not async: it is read once, when the server starts, and whatever happens then is to be added to it.
 */
export function readBook(path: string): BookContent {
  try {
    return { kind: 'whole', records: recordsIn(readFileSync(path, 'utf8')) };
  } catch (error) {
    if (nothingThere.has((error as NodeJS.ErrnoException).code)) return { kind: 'whole', records: [] };
    if (error instanceof Damaged) {
      return { kind: 'damaged', records: error.records, problem: `${error.message} ${putAside(path)}` };
    }
    const problem = `${messageOf(error)}: nothing is written over it; deploy again when it can be read.`;
    return { kind: 'unread', records: [], problem };
  }
}

/** Replaces what is kept, in parts: Node-RED does other things meanwhile. @throws Error of the disk */
export async function writeBook(path: string, records: readonly DeviceRecord[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, partsOf(records), ownerOnly);
}

class Damaged extends Error {
  /** Those that can be read. */
  readonly records: readonly DeviceRecord[];

  constructor(records: readonly DeviceRecord[], expected: number | undefined) {
    super(`${records.length} of ${expected ?? 'its'} devices can be read.`);
    this.records = records;
  }
}

/** @throws Damaged */
function recordsIn(text: string): readonly DeviceRecord[] {
  const [first = '', ...lines] = text.trimEnd().split('\n');
  const header = parsed(first) as Partial<Header> | undefined;
  const reader = new RecordReader();
  const records = lines.map((line) => reader.read(parsed(line))).filter((record) => record !== undefined);
  const isWhole = header?.format === format && header.devices === records.length && records.length === lines.length;
  if (!isWhole) throw new Damaged(header?.format === format ? records : [], header?.devices);
  return records;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // It is counted as missing.
  }
}

function* partsOf(records: readonly DeviceRecord[]): Generator<string> {
  yield `${JSON.stringify({ format, devices: records.length } satisfies Header)}\n`;
  for (let from = 0; from < records.length; from += linesPerPart) {
    yield records
      .slice(from, from + linesPerPart)
      .map((record) => `${JSON.stringify(record)}\n`)
      .join('');
  }
}

function putAside(path: string): string {
  const aside = `${path}.damaged`;
  try {
    renameSync(path, aside);
    return `It is put aside: ${aside}`;
  } catch (error) {
    return `It could not be put aside: ${messageOf(error)}`;
  }
}
