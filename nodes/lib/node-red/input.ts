import { randomUUID } from 'node:crypto';
import type { Node, NodeAPI, NodeMessage } from 'node-red';
import { hashOf } from '../push/announcement';
import type { Job, Verify } from '../push/means';
import { filenameProblem, hostnameProblem } from '../push/names';
import { deviceKey } from '../push/signature';
import { BadInput } from './bad-input';
import { type Reader, reader } from './reader';

/** A message as flows hand it over: what is in it is anyone's guess. */
export interface Message extends NodeMessage {
  reset?: unknown;
  target?: unknown;
  parts?: unknown;
  ota?: unknown;
}

/** The properties of an `ota-push` that say where its input comes from. */
export interface InputSettings {
  readonly target: string;
  readonly targetType: string;
  readonly file: string;
  readonly fileType: string;
  readonly filename: string;
  readonly filenameType: string;
  readonly reboot: string;
  readonly rebootType: string;
  readonly timeout: string;
  readonly timeoutType: string;
  readonly verify?: string;
  readonly verifyTimeout?: string | number;
  readonly onlineTopic?: string;
  readonly onlinePayload?: string;
  readonly format?: string;
  readonly announceOn?: string;
  readonly waitHours?: string | number;
  readonly retries?: string | number;
  readonly retryDelay?: string | number;
}

/** How the server that a push goes through announces. */
export interface Signing {
  readonly format: 'basic' | 'signed';
  /** The master secret (protocol 6.1); empty where there is none. */
  readonly secret: string;
}

type Source = 'target' | 'file' | 'filename' | 'reboot' | 'timeout';
type Values = Record<Source, unknown>;

const mostRetries = 100;
/** Three weeks: longer than that no timer of Node.js runs. */
const longestWaitHours = 504;

const levels = ['auto', 'delivered', 'installed', 'running', 'online'] as const;

/** A day: a device that sleeps longer is not waited for with its port open. */
const longestTimeoutSeconds = 86_400;

/** Reads messages as the settings of one node say. */
export class Input {
  readonly #settings: InputSettings;
  readonly #read: Readonly<Record<Source, Reader>>;

  constructor(RED: NodeAPI, node: Node, settings: InputSettings) {
    const read = (source: Source) => reader(RED, node, source, settings[`${source}Type`], settings[source]);
    this.#settings = settings;
    this.#read = {
      target: read('target'),
      file: read('file'),
      filename: read('filename'),
      reboot: read('reboot'),
      timeout: read('timeout'),
    };
  }

  /**
   * The push that a message asks for.
   * Without await where nothing in it takes time: a promise per property is what most of a small push would cost.
   * @throws BadInput saying what was expected and what came
   */
  readJob(message: Message, signing: Signing): Job | Promise<Job> {
    const { target, file, filename, reboot, timeout } = this.#read;
    const values: Values = {
      target: target(message),
      file: file(message),
      filename: filename(message),
      reboot: reboot(message),
      timeout: timeout(message),
    };
    if (!Object.values(values).some(isPromise)) return this.#toJob(values, message, signing);
    return allSettled(values).then((settled) => this.#toJob(settled, message, signing));
  }

  /** The device that a `msg.reset` names; undefined: all of them. @throws BadInput */
  readResetTarget(message: Message): string | undefined | Promise<string | undefined> {
    const value = this.#read.target(message);
    return isPromise(value) ? value.then(checkedResetTarget) : checkedResetTarget(value);
  }

  #toJob(values: Values, message: Message, signing: Signing): Job {
    const target = checkedTarget(values.target);
    const filename = this.#filename(values.filename);
    const bytes = this.#bytes(values.file, filename, message);
    const key = this.#key(target, signing);
    return {
      id: randomUUID(),
      target,
      filename,
      bytes,
      hash: hashOf(bytes, key === undefined ? 'sha1' : 'sha256'),
      key,
      reboot: checkedReboot(values.reboot),
      timeoutMs: checkedTimeoutMs('timeout', values.timeout),
      verify: this.#verify(target),
      verifyTimeoutMs: checkedTimeoutMs('verify timeout', this.#settings.verifyTimeout ?? 180),
      wake: this.#wake(target),
      retries: checkedRetries(this.#settings.retries ?? 0),
      retryDelayMs: checkedRetryDelayMs(this.#settings.retryDelay ?? 5),
    };
  }

  /** The device's key where the announcement is to be signed. */
  #key(target: string, { format, secret }: Signing): string | undefined {
    const asked = this.#settings.format;
    const isSigned = asked === 'signed' || (asked !== 'basic' && format === 'signed');
    if (!isSigned) return undefined;
    if (secret !== '') return deviceKey(secret, target);
    throw new BadInput('The signed form was chosen, but the OTA server has no secret: give it one.');
  }

  #wake(target: string): Job['wake'] {
    const { announceOn = '', waitHours = 24 } = this.#settings;
    if (announceOn === '') return undefined;
    return { topic: announceOn.replace('{target}', () => target), waitMs: checkedWaitHours(waitHours) * 3_600_000 };
  }

  #verify(target: string): Verify {
    const { verify = 'auto', onlineTopic = '', onlinePayload = '' } = this.#settings;
    const level = levels.find((one) => one === verify);
    if (!level) throw BadInput.expected(`Expected ${levels.join(', ')} as verify`, verify);
    if (level !== 'online') return { level };
    if (onlineTopic === '')
      throw BadInput.expected('Expected the topic on which the device says that it is online', '');
    return { level, topic: onlineTopic.replace('{target}', () => target), payload: onlinePayload };
  }

  /** Node-RED's `file in` leaves a path in msg.filename: there only the last part is the file's name. */
  #filename(value: unknown): string {
    const { filename, filenameType } = this.#settings;
    const isFromFileIn = filenameType === 'msg' && filename === 'filename';
    const name = typeof value === 'string' && isFromFileIn ? value.split(/[/\\]/).at(-1) : value;
    const problem = typeof name === 'string' ? filenameProblem(name) : 'it is no text';
    if (typeof name !== 'string' || problem) {
      throw BadInput.expected(`Expected the file's name on the device, but ${problem}`, value);
    }
    return name;
  }

  #bytes(value: unknown, filename: string, message: Message): Buffer {
    this.#refusePart(message);
    if (Buffer.isBuffer(value)) return value;
    if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (typeof value !== 'string') throw BadInput.expected('Expected the file as a Buffer or a text', value);
    if (value !== '' && isObject(message.ota) && message.ota.result === value) {
      throw BadInput.expected(
        'Expected a file, but this is the result of a push; to try again, take the file anew',
        value,
      );
    }
    if (filename.endsWith('.mpy')) {
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

  #refusePart({ parts }: Message): void {
    if (this.#settings.fileType !== 'msg' || !isObject(parts)) return;
    const { type, property = 'payload' } = parts;
    if ((type !== 'string' && type !== 'buffer') || property !== this.#settings.file) return;
    throw BadInput.expected(
      'Expected a whole file, but this message is a part of one: choose "a single Buffer object" in the file node, or join the parts',
      `msg.parts.type ${type}`,
    );
  }
}

function checkedTarget(value: unknown): string {
  const problem = typeof value === 'string' ? hostnameProblem(value) : 'it is no text';
  if (typeof value === 'string' && !problem) return value;
  throw BadInput.expected(`Expected the device's hostname as target, but ${problem}`, value);
}

function checkedResetTarget(value: unknown): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : checkedTarget(value);
}

function checkedReboot(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  const text = String(value).toLowerCase();
  if (value === 1 || (typeof value === 'string' && (text === 'true' || text === '1'))) return true;
  if (value === 0 || (typeof value === 'string' && (text === 'false' || text === '0'))) return false;
  throw BadInput.expected('Expected true or false as reboot', value);
}

function checkedTimeoutMs(what: string, value: unknown): number {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
  const seconds = isNumber ? Number(value) : Number.NaN;
  if (seconds > 0 && seconds <= longestTimeoutSeconds) return seconds * 1000;
  throw BadInput.expected(`Expected a ${what} in seconds, more than 0 and at most ${longestTimeoutSeconds}`, value);
}

function checkedWaitHours(value: unknown): number {
  const hours = String(value).trim() === '' ? Number.NaN : Number(value);
  if (hours > 0 && hours <= longestWaitHours) return hours;
  throw BadInput.expected(`Expected the hours to wait, more than 0 and at most ${longestWaitHours}`, value);
}

function checkedRetries(value: unknown): number {
  const retries = String(value).trim() === '' ? Number.NaN : Number(value);
  if (Number.isInteger(retries) && retries >= 0 && retries <= mostRetries) return retries;
  throw BadInput.expected(`Expected a whole number of retries from 0 to ${mostRetries}`, value);
}

function checkedRetryDelayMs(value: unknown): number {
  const seconds = String(value).trim() === '' ? Number.NaN : Number(value);
  if (seconds >= 0 && seconds <= longestTimeoutSeconds) return seconds * 1000;
  throw BadInput.expected(`Expected the seconds before a retry, from 0 to ${longestTimeoutSeconds}`, value);
}

async function allSettled(values: Values): Promise<Values> {
  const settled = await Promise.all(Object.entries(values).map(async ([source, value]) => [source, await value]));
  return Object.fromEntries(settled) as Values;
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
