import { isUint8Array } from 'node:util/types';
import { isBytecode } from '../../lib/check/bytecode';
import { filenameProblem } from '../../lib/protocol/names';
import type { RolloutEnd } from '../../lib/rollout/rollout';
import { BadInput } from './bad-input';
import { refuseFailure } from './earlier-failure';
import type { Message } from './message';
import { isMissing, placeOf } from './places';

/** What the last message of a rollout says. */
const rolloutEnds: ReadonlySet<string> = new Set<RolloutEnd>(['complete', 'stopped', 'cancelled']);

/** A file as a message brings it. */
export interface NamedFile {
  readonly filename: string;
  readonly bytes: Buffer;
}

/** The properties of a node that say where the file and its name come from. */
export interface FileSettings {
  readonly file: string;
  readonly fileType: string;
  readonly filename: string;
  readonly filenameType: string;
}

/** Where an `ota-push` that was just dropped looks for them. */
export const fromMessage: FileSettings = {
  file: 'payload',
  fileType: 'msg',
  filename: 'filename',
  filenameType: 'msg',
};

/**
 * Refuses a message that cannot bring a file, whatever else it has or has not.
 * @throws BadInput saying what it brings instead
 */
export function refuseNoFile(message: Message, settings: FileSettings): void {
  refuseFailure(message);
  if (!bringsSet(message)) refusePart(message, settings);
}

/**
 * The one file of a message.
 * @throws BadInput saying what was expected and what came
 */
export function readFile(file: unknown, filename: unknown, message: Message, settings: FileSettings): NamedFile {
  const name = readFilename(filename, settings);
  refuseResult(file, message);
  refusePath(file, message);
  return { filename: name, bytes: parseBytes(file, name, placeOf(settings.fileType, settings.file)) };
}

/** The file's name on the device. @throws BadInput */
export function readFilename(filename: unknown, settings: FileSettings): string {
  const place = placeOf(settings.filenameType, settings.filename);
  return parseFilename(filename, place, place === 'msg.filename');
}

/** Whether the message brings a set of files instead of one. */
export function bringsSet({ files }: Message): boolean {
  return files !== undefined && files !== null;
}

/**
 * The set of files of a message, in order: `msg.files = [{filename, payload}, …]`.
 * @throws BadInput naming the entry
 */
export function readSet({ files }: Message): NamedFile[] {
  if (!Array.isArray(files) || files.length === 0) {
    throw BadInput.expected('Expected a list of files in msg.files, each as {filename, payload}', files);
  }
  const names = new Set<string>();
  // Not map: a list may have holes, which it passes over.
  return Array.from(files, (file: unknown, index) =>
    BadInput.inEntry('msg.files', index, () => {
      if (!isObject(file)) throw BadInput.expected('Expected a file as {filename, payload}', file);
      refuseFailure(file, `msg.files[${index}]`);
      refusePart(file, fromMessage);
      const filename = parseFilename(file.filename, 'filename', false);
      if (names.has(filename)) throw BadInput.expected('Expected each file once', filename);
      names.add(filename);
      refuseResult(file.payload, file);
      refusePath(file.payload, file);
      return { filename, bytes: parseBytes(file.payload, filename, 'payload') };
    }),
  );
}

/** Node-RED's `file in` leaves a path in msg.filename: there only the last part is the file's name. @param place where it was looked for, for people */
function parseFilename(value: unknown, place: string, isFromFileIn: boolean): string {
  const name = typeof value === 'string' && isFromFileIn ? value.split(/[/\\]/).at(-1) : value;
  const problem = typeof name === 'string' ? filenameProblem(name) : 'it is no text';
  if (typeof name === 'string' && !problem) return name;
  const words = isMissing(value) ? `there is none in ${place}` : problem;
  throw BadInput.expected(`Expected the file's name on the device, but ${words}`, value);
}

/** A copy: the flow may go on writing into its own, and what is hashed has to be what is served. */
function parseBytes(value: unknown, filename: string, place: string): Buffer {
  if (isUint8Array(value)) return copyOf(value);
  if (typeof value !== 'string') throw BadInput.expected(`Expected the file in ${place} as a Buffer or a text`, value);
  if (isBytecode(filename)) {
    throw BadInput.expected(
      'Expected the bytes of a .mpy file: choose "a single Buffer object" in the file node',
      value,
    );
  }
  if (/\uFFFD|\p{Surrogate}/u.test(value)) {
    throw BadInput.expected(
      'Expected a file, but this text was bytes before: choose "a single Buffer object" in the file node',
      value,
    );
  }
  return Buffer.from(value);
}

/** A copy of bytes that a message brings. @throws BadInput where their memory is not theirs any more: they look like an empty file then */
export function copyOf(bytes: Uint8Array): Buffer {
  try {
    Uint8Array.prototype.keys.call(bytes); // throws then, whatever has become of the memory
  } catch {
    throw new BadInput('Expected a file, but its memory was given away to somebody else.');
  }
  return Buffer.from(bytes);
}

/** A loop back for another try would install the word "timeout". */
function refuseResult(value: unknown, { ota, rollout }: Pick<Message, 'ota' | 'rollout'>): void {
  if (typeof value !== 'string' || value === '') return;
  const isOfPush = isObject(ota) && ota.result === value;
  const isOfRollout = isObject(rollout) && rolloutEnds.has(value);
  if (!isOfPush && !isOfRollout) return;
  const source = isOfPush ? 'push' : 'rollout';
  throw BadInput.expected(
    `Expected a file, but this is the result of a ${source}; to try again, take the file anew`,
    value,
  );
}

/** A watch node tells which file has changed, and brings none. */
function refusePath(value: unknown, { filename }: Pick<Message, 'filename'>): void {
  if (typeof value !== 'string' || value === '' || value !== filename) return;
  throw BadInput.expected(
    'Expected a file, but this is its name: put a read file node before, with msg.filename',
    value,
  );
}

function refusePart({ parts }: Pick<Message, 'parts'>, settings: FileSettings): void {
  if (settings.fileType !== 'msg' || !isObject(parts)) return;
  const { type, property = 'payload' } = parts;
  if ((type !== 'string' && type !== 'buffer') || property !== settings.file) return;
  throw BadInput.expected(
    'Expected a whole file, but this message is a part of one: choose "a single Buffer object" in the file node, or join the parts',
    `msg.parts.type ${type}`,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
