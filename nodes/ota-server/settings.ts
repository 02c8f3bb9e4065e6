import { isIP } from 'node:net';
import { type AddressRange, parseAllow } from '../../lib/protocol/address-list';
import { hostProblem } from '../../lib/protocol/names';
import { type PortRange, parsePorts } from '../../lib/protocol/port-range';
import { variableProblem } from '../shared/variables';

/** The properties of an `ota-server`, as the editor saves them. */
export interface ServerSettings {
  readonly broker: string;
  readonly advertise: string;
  readonly bind: string;
  readonly ports: string;
  readonly topic: string;
  readonly allow: string;
  readonly concurrency: string | number;
  readonly keep: string | number;
  readonly format?: string;
}

/** The same, read and checked. */
export interface CheckedServerSettings {
  readonly advertise: string;
  readonly bind: string;
  readonly ports: PortRange;
  readonly portsText: string;
  readonly topic: string;
  readonly allow: readonly AddressRange[];
  readonly concurrency: number;
  /** So many versions of each file of a device are kept. */
  readonly keep: number;
}

const maxConcurrency = 10_000;
const maxKept = 20;

/**
 * Reads the settings; what is missing has its default.
 * @throws Error naming the property, what was expected and what is there
 */
export function readServerSettings(settings: Partial<ServerSettings>): CheckedServerSettings {
  const portsText = text('Ports', settings.ports);
  return {
    advertise: checked('Advertised address', text('Advertised address', settings.advertise), (host) =>
      host ? hostProblem(host) : undefined,
    ),
    bind: checked('Listen on', text('Listen on', settings.bind), (address) =>
      address && !isIP(address) ? 'it is no IP address' : undefined,
    ),
    ports: parsePorts(portsText),
    portsText,
    topic: checked('Topic', text('Topic', settings.topic) || '{target}/OTA', topicProblem),
    allow: parseAllow(text('Allowed addresses', settings.allow)),
    concurrency: wholeNumber(
      'Pushes at once',
      text('Pushes at once', settings.concurrency) || '100',
      1,
      maxConcurrency,
    ),
    keep: wholeNumber('Versions to keep', text('Versions to keep', settings.keep) || '3', 0, maxKept),
  };
}

/** What is wrong with an announcement's topic, as the end of a sentence. */
function topicProblem(topic: string): string | undefined {
  if (/[+#\0]/.test(topic)) return 'it holds + or #, which only subscriptions may';
  const isOneLevel = topic.split('/').filter((level) => level === '{target}').length === 1;
  const isOnce = topic.split('{target}').length === 2;
  return isOneLevel && isOnce
    ? undefined
    : '{target}, which stands for the hostname, must be in it once, as a level of its own';
}

function wholeNumber(name: string, value: string, least: number, most: number): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= least && number <= most) return number;
  throw new Error(`${name}: expected a whole number from ${least} to ${most}, got ${JSON.stringify(value)}`);
}

function checked(name: string, value: string, problemOf: (value: string) => string | undefined): string {
  const problem = problemOf(value);
  if (problem) throw new Error(`${name}: ${problem}: ${JSON.stringify(value)}`);
  return value;
}

/** @throws Error where a variable of the environment in it was not replaced */
function text(name: string, value: unknown): string {
  return checked(name, value === undefined || value === null ? '' : String(value).trim(), variableProblem);
}
