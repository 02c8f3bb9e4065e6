import { randomUUID } from 'node:crypto';
import { hashOf } from '../push/announcement';
import type { Job, Verify } from '../push/means';
import { deviceKey } from '../push/signature';
import { BadInput } from './bad-input';
import type { NamedFile } from './files';
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

/** What is pushed and how, whatever the device: one hash per file, however many devices get it. */
export class Plan {
  readonly #files: readonly (NamedFile & { readonly hash: string })[];
  readonly #secret: string | undefined;
  readonly #reboot: boolean;
  readonly #timeoutMs: number;
  readonly #verify: Verify;
  readonly #verifyTimeoutMs: number;
  readonly #wake: Job['wake'];
  readonly #retries: number;
  readonly #retryDelayMs: number;

  /** @throws BadInput */
  constructor(
    files: readonly NamedFile[],
    { reboot, timeout }: { readonly reboot: unknown; readonly timeout: unknown },
    settings: PlanSettings,
    signing: Signing,
  ) {
    this.#secret = secretOf(settings, signing);
    const algorithm = this.#secret === undefined ? 'sha1' : 'sha256';
    this.#files = files.map(({ filename, bytes }) => ({ filename, bytes, hash: hashOf(bytes, algorithm) }));
    this.#reboot = checkedReboot(reboot);
    this.#timeoutMs = checkedTimeoutMs('timeout', timeout);
    this.#verify = verifyOf(settings);
    this.#verifyTimeoutMs = checkedTimeoutMs('verify timeout', settings.verifyTimeout ?? 180);
    this.#wake = wakeOf(settings);
    this.#retries = checkedRetries(settings.retries ?? 0);
    this.#retryDelayMs = checkedRetryDelayMs(settings.retryDelay ?? 5);
  }

  /** One for each file, in order, with one id. */
  jobsFor(target: string): Job[] {
    const id = randomUUID();
    const key = this.#secret === undefined ? undefined : deviceKey(this.#secret, target);
    const wake = this.#wake && { ...this.#wake, topic: topicOf(this.#wake.topic, target) };
    const verify =
      this.#verify.level === 'online' ? { ...this.#verify, topic: topicOf(this.#verify.topic, target) } : this.#verify;
    return this.#files.map(({ filename, bytes, hash }) => ({
      id,
      target,
      filename,
      bytes,
      hash,
      key,
      reboot: this.#reboot,
      timeoutMs: this.#timeoutMs,
      verify,
      verifyTimeoutMs: this.#verifyTimeoutMs,
      wake,
      retries: this.#retries,
      retryDelayMs: this.#retryDelayMs,
    }));
  }
}

/** The master secret where announcements are to be signed. */
function secretOf({ format: asked }: PlanSettings, { format, secret }: Signing): string | undefined {
  const isSigned = asked === 'signed' || (asked !== 'basic' && format === 'signed');
  if (!isSigned) return undefined;
  if (secret !== '') return secret;
  throw new BadInput('The signed form was chosen, but the OTA server has no secret: give it one.');
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
