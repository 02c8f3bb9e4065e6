import { hostnameProblem } from '../../lib/protocol/names';
import { BadInput } from './bad-input';
import { isMissing } from './places';

const maxRetries = 100;
/** Three weeks: longer than that no timer of Node.js runs. */
const maxWaitHours = 504;
/**
 * Seconds, where nothing else is set: longer than the way back of a board takes, so that its report comes in time. That is 240, by the
 * defaults of `ota.boot` in ota.py, and the board's starts.
 */
export const defaultVerifyTimeout = 300;
/** A day: a device that sleeps longer is not waited for with its port open. */
const maxTimeoutSeconds = 86_400;

/** The device's hostname (protocol 4a). @param place where it was looked for, for people @throws BadInput */
export function parseTarget(value: unknown, place = 'target'): string {
  const problem = typeof value === 'string' ? hostnameProblem(value) : 'it is no text';
  if (typeof value === 'string' && !problem) return value;
  const words = isMissing(value) ? `there is none in ${place}` : problem;
  throw BadInput.expected(`Expected the device's hostname as target, but ${words}`, value);
}

/** @throws BadInput */
export function parseReboot(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  const text = String(value).toLowerCase();
  if (value === 1 || (typeof value === 'string' && (text === 'true' || text === '1'))) return true;
  if (value === 0 || (typeof value === 'string' && (text === 'false' || text === '0'))) return false;
  throw BadInput.expected('Expected true or false as reboot', value);
}

/** Seconds as milliseconds. @param what is limited, for people @throws BadInput */
export function parseTimeoutMs(what: string, value: unknown): number {
  const seconds = numberOf(value);
  if (seconds > 0 && seconds <= maxTimeoutSeconds) return seconds * 1000;
  throw BadInput.expected(`Expected a ${what} in seconds, more than 0 and at most ${maxTimeoutSeconds}`, value);
}

/** Hours as milliseconds. @throws BadInput */
export function parseWaitMs(value: unknown): number {
  const hours = numberOf(value);
  if (hours > 0 && hours <= maxWaitHours) return hours * 3_600_000;
  throw BadInput.expected(`Expected the hours to wait, more than 0 and at most ${maxWaitHours}`, value);
}

/** @throws BadInput */
export function parseRetries(value: unknown): number {
  const retries = numberOf(value);
  if (Number.isInteger(retries) && retries >= 0 && retries <= maxRetries) return retries;
  throw BadInput.expected(`Expected a whole number of retries from 0 to ${maxRetries}`, value);
}

/** Seconds as milliseconds. @throws BadInput */
export function parseRetryDelayMs(value: unknown): number {
  const seconds = numberOf(value);
  if (seconds >= 0 && seconds <= maxTimeoutSeconds) return seconds * 1000;
  throw BadInput.expected(`Expected the seconds before a retry, from 0 to ${maxTimeoutSeconds}`, value);
}

/** A number, or a text that is one; NaN for anything else. */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}
