import { hashOf } from '../push/announcement';
import type { Job, Verify } from '../push/means';
import { deviceKey } from '../push/signature';
import { BadInput } from './bad-input';
import type { NamedFile } from './files';
import type { Ids } from './ids';
import { checkedReboot, checkedRetries, checkedRetryDelayMs, checkedTimeoutMs, checkedWaitMs } from './limits';

/** The properties of a node that say how it pushes. */
export interface PlanSettings {
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

const levels = ['auto', 'delivered', 'installed', 'running', 'online'] as const;

/** The same, read and checked: what is the same for every message of a node. */
export type PushTerms = Pick<Job, 'verify' | 'verifyTimeoutMs' | 'wake' | 'retries' | 'retryDelayMs'>;

/** @throws BadInput naming the property */
export function readTerms(settings: PlanSettings): PushTerms {
  return {
    verify: verifyOf(settings),
    verifyTimeoutMs: checkedTimeoutMs('verify timeout', settings.verifyTimeout ?? 180),
    wake: wakeOf(settings),
    retries: checkedRetries(settings.retries ?? 0),
    retryDelayMs: checkedRetryDelayMs(settings.retryDelay ?? 5),
  };
}

/** The master secret where announcements are to be signed. @throws BadInput where there is none */
export function secretOf({ format: asked }: PlanSettings, { format, secret }: Signing): string | undefined {
  const isSigned = asked === 'signed' || (asked !== 'basic' && format === 'signed');
  if (!isSigned) return undefined;
  if (secret !== '') return secret;
  throw new BadInput('The signed form was chosen, but the OTA server has no secret: give it one.');
}

/** What is pushed and how, whatever the device: one hash per file, however many devices get it. */
export class Plan {
  readonly #files: readonly NamedFile[];
  readonly #isSet: boolean;
  readonly #hashes: readonly string[];
  readonly #secret: string | undefined;
  readonly #reboot: boolean;
  readonly #timeoutMs: number;
  readonly #terms: PushTerms;
  readonly #ids: Ids;

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
    terms: PushTerms,
    ids: Ids,
  ) {
    this.#secret = secret;
    this.#files = files;
    this.#isSet = isSet;
    this.#hashes = files.map(({ bytes }) => hashOf(bytes, secret === undefined ? 'sha1' : 'sha256'));
    this.#reboot = checkedReboot(reboot);
    this.#timeoutMs = checkedTimeoutMs('timeout', timeout);
    this.#terms = terms;
    this.#ids = ids;
  }

  /** Of all files, held once however many devices get them. */
  get bytes(): readonly Buffer[] {
    return this.#files.map(({ bytes }) => bytes);
  }

  /** One for each file, in order, with one id. */
  jobsFor(target: string): Job[] {
    const id = this.#ids.next();
    const key = this.#secret === undefined ? undefined : deviceKey(this.#secret, target);
    const { verify, verifyTimeoutMs, wake, retries, retryDelayMs } = this.#terms;
    const wakeOn = wake && { ...wake, topic: topicOf(wake.topic, target) };
    const level = verify.level === 'online' ? { ...verify, topic: topicOf(verify.topic, target) } : verify;
    return this.#files.map(({ filename, bytes }, index) => ({
      id,
      target,
      filename,
      isOfSet: this.#isSet,
      bytes,
      hash: this.#hashes[index] ?? '',
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

function wakeOf({ announceOn = '', waitHours = 24 }: PlanSettings): Job['wake'] {
  return announceOn === '' ? undefined : { topic: announceOn, waitMs: checkedWaitMs(waitHours) };
}

function verifyOf({ verify = 'auto', onlineTopic = '', onlinePayload = '' }: PlanSettings): Verify {
  const level = levels.find((one) => one === verify);
  if (!level) throw BadInput.expected(`Expected ${levels.join(', ')} as verify`, verify);
  if (level !== 'online') return { level };
  if (onlineTopic === '') throw BadInput.expected('Expected the topic on which the device says that it is online', '');
  return { level, topic: onlineTopic, payload: onlinePayload };
}

function topicOf(template: string, target: string): string {
  return template.replace('{target}', () => target);
}
