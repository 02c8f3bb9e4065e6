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
/** Hostnames and what devices run are nobody else's business. */
const ownerOnly = 0o600;

/** What was read, and what was wrong with it, as a sentence. */
export interface BookContent {
  readonly records: readonly DeviceRecord[];
  readonly damage: string | undefined;
}

/**
 * What is kept of devices; nothing where nothing was kept. A file that is not whole is put aside, and what can be read of it counts.
 * Not async: it is read once, when the server starts, and whatever happens then is to be added to it.
 */
export function readBook(path: string): BookContent {
  try {
    return { records: recordsIn(readFileSync(path, 'utf8')), damage: undefined };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { records: [], damage: undefined };
    const records = error instanceof Damaged ? error.records : [];
    return { records, damage: `${messageOf(error)} ${putAside(path)}` };
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
