import { randomUUID } from 'node:crypto';
import type { CheckedFile } from '../../lib/check/python-checker';
import { hashOf } from '../../lib/protocol/announcement';
import { deviceKey, type Signing } from '../../lib/protocol/signature';
import type { Job, Verify } from '../../lib/push/job';
import type { SharedBytes } from '../../lib/push/shared-bytes';
import { BadInput } from './bad-input';
import type { NamedFile } from './files';
import {
  defaultVerifyTimeout,
  parseReboot,
  parseRetries,
  parseRetryDelayMs,
  parseTimeoutMs,
  parseWaitMs,
} from './validation';

/** The properties of a node that say how it pushes. */
export interface PushSettings {
  readonly verify?: string;
  readonly verifyTimeout?: string | number;
  readonly onlineTopic?: unknown;
  readonly onlinePayload?: unknown;
  readonly format?: string;
  readonly announceOn?: unknown;
  readonly waitHours?: string | number;
  readonly retries?: string | number;
  readonly retryDelay?: string | number;
}

const levels = ['auto', 'delivered', 'installed', 'running', 'online'] as const;

/** The same, read and checked: what is the same for every message of a node. */
export type PushOptions = Pick<Job, 'verify' | 'verifyTimeoutMs' | 'wake' | 'retries' | 'retryDelayMs'>;

/** @throws BadInput naming the property */
export function parseOptions(settings: PushSettings): PushOptions {
  return {
    verify: verifyOf(settings),
    verifyTimeoutMs: parseTimeoutMs('verify timeout', settings.verifyTimeout ?? defaultVerifyTimeout),
    wake: wakeOf(settings),
    retries: parseRetries(settings.retries ?? 0),
    retryDelayMs: parseRetryDelayMs(settings.retryDelay ?? 5),
  };
}

/** The master secret where announcements are to be signed. @throws BadInput where there is none */
export function secretOf({ format: asked }: PushSettings, { format, secret }: Signing): string | undefined {
  const isSigned = asked === 'signed' || (asked !== 'basic' && format === 'signed');
  if (!isSigned) return undefined;
  if (secret !== '') return secret;
  throw new BadInput('The signed form was chosen, but the OTA server has no secret of 16 bytes or more: give it one.');
}

/** What is pushed to devices and how. */
export interface Template {
  /** Each held once, however many devices get it. */
  readonly files: readonly CheckedFile[];
  /** One for each file, in order, with one id. */
  jobsFor(target: string): Job[];
}

/** What is pushed and how, whatever the device: one hash per file, however many devices get it. */
export class PushTemplate implements Template {
  readonly files: readonly CheckedFile[];
  readonly #isSet: boolean;
  readonly #secret: string | undefined;
  readonly #reboot: boolean;
  readonly #timeoutMs: number;
  readonly #options: PushOptions;

  /**
   * @param secret for signed announcements
   * @throws BadInput
   */
  constructor(
    files: readonly NamedFile[],
    isSet: boolean,
    secret: string | undefined,
    reboot: unknown,
    timeout: unknown,
    options: PushOptions,
    sharedBytes: SharedBytes,
  ) {
    this.#secret = secret;
    const algorithm = secret === undefined ? 'sha1' : 'sha256';
    this.files = files.map(({ filename, bytes }) => {
      const hash = hashOf(bytes, algorithm);
      return { filename, bytes: sharedBytes.of(bytes, hash), hash };
    });
    this.#isSet = isSet;
    this.#reboot = parseReboot(reboot);
    this.#timeoutMs = parseTimeoutMs('timeout', timeout);
    this.#options = options;
  }

  jobsFor(target: string): Job[] {
    const id = newId();
    const key = this.#secret === undefined ? undefined : deviceKey(this.#secret, target);
    const { verify, verifyTimeoutMs, wake, retries, retryDelayMs } = this.#options;
    const wakeOn = wake && { ...wake, topic: topicOf(wake.topic, target) };
    const level = verify.level === 'online' ? { ...verify, topic: topicOf(verify.topic, target) } : verify;
    return this.files.map(({ filename, bytes, hash }) => ({
      id,
      target,
      filename,
      isOfSet: this.#isSet,
      bytes,
      hash,
      key,
      reboot: this.#reboot,
      timeoutMs: this.#timeoutMs,
      verify: level,
      verifyTimeoutMs,
      wake: wakeOn,
      retries,
      retryDelayMs,
    }));
  }
}

/** A UUID in one piece: Node.js joins it of some twenty, each of which would be an object for as long as the push lasts. */
function newId(): string {
  return Buffer.from(randomUUID(), 'latin1').toString('latin1');
}

function wakeOf({ announceOn = '', waitHours = 24 }: PushSettings): Job['wake'] {
  if (announceOn === '') return undefined;
  return { topic: parseText('the topic to announce on', announceOn), waitMs: parseWaitMs(waitHours) };
}

function verifyOf({ verify = 'auto', onlineTopic = '', onlinePayload = '' }: PushSettings): Verify {
  const level = levels.find((one) => one === verify);
  if (!level) throw BadInput.expected(`Expected ${levels.join(', ')} as verify`, verify);
  if (level !== 'online') return { level };
  if (onlineTopic === '') throw BadInput.expected('Expected the topic on which the device says that it is online', '');
  return {
    level,
    topic: parseText('the online topic', onlineTopic),
    payload: parseText('the online payload', onlinePayload),
  };
}

/** A flow that was written by hand may have anything here. */
function parseText(what: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw BadInput.expected(`Expected ${what} as a text`, value);
}

function topicOf(template: string, target: string): string {
  return template.replace('{target}', () => target);
}
