import { isIP } from 'node:net';
import { hostProblem } from '../push/names';
import { secretProblem } from '../push/signature';
import { type IsAllowed, parseAllow } from '../sender/allow';
import { Ports, parsePorts } from '../sender/ports';
import type { Signing } from './plan';

/** The properties of an `ota-server`, as the editor saves them. */
export interface ServerSettings {
  readonly broker: string;
  readonly advertise: string;
  readonly bind: string;
  readonly ports: string;
  readonly topic: string;
  readonly allow: string;
  readonly concurrency: string | number;
  readonly format?: string;
}

/** The same, read and checked. */
export interface CheckedServerSettings {
  readonly advertise: string;
  readonly bind: string;
  readonly ports: Ports;
  readonly portsText: string;
  readonly topic: string;
  readonly isAllowed: IsAllowed;
  readonly concurrency: number;
  readonly signing: Signing;
}

const mostPushesAtOnce = 10_000;

/**
 * Reads the settings; what is missing has its default.
 * @throws Error naming the property, what was expected and what is there
 */
export function readServerSettings(settings: Partial<ServerSettings>, secret = ''): CheckedServerSettings {
  const bind = text(settings.bind);
  const portsText = text(settings.ports);
  return {
    advertise: checked('Advertised address', text(settings.advertise), (host) =>
      host ? hostProblem(host) : undefined,
    ),
    bind: checked('Listen on', bind, (address) => (address && !isIP(address) ? 'it is no IP address' : undefined)),
    ports: new Ports(parsePorts(portsText), bind),
    portsText,
    topic: checked('Topic', text(settings.topic) || '{target}/OTA', topicProblem),
    isAllowed: parseAllow(text(settings.allow)),
    concurrency: checkedConcurrency(text(settings.concurrency) || '100'),
    signing: checkedSigning(text(settings.format) || 'basic', secret),
  };
}

/** What is wrong with an announcement's topic, as the end of a sentence. */
export function topicProblem(topic: string): string | undefined {
  if (/[+#\0]/.test(topic)) return 'it holds + or #, which only subscriptions may';
  const isOneLevel = topic.split('/').filter((level) => level === '{target}').length === 1;
  const isOnce = topic.split('{target}').length === 2;
  return isOneLevel && isOnce
    ? undefined
    : '{target}, which stands for the hostname, must be in it once, as a level of its own';
}

function checkedSigning(format: string, secret: string): Signing {
  if (format !== 'basic' && format !== 'signed') {
    throw new Error(`Form of the announcement: expected basic or signed, got ${JSON.stringify(format)}`);
  }
  const problem =
    secret === '' ? format === 'signed' && 'it is missing, and the signed form needs it' : secretProblem(secret);
  if (problem) throw new Error(`Secret: ${problem}`);
  return { format, secret };
}

function checkedConcurrency(value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1 && number <= mostPushesAtOnce) return number;
  throw new Error(
    `Pushes at once: expected a whole number from 1 to ${mostPushesAtOnce}, got ${JSON.stringify(value)}`,
  );
}

function checked(name: string, value: string, problemOf: (value: string) => string | undefined): string {
  const problem = problemOf(value);
  if (problem) throw new Error(`${name}: ${problem}: ${JSON.stringify(value)}`);
  return value;
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value).trim();
}
