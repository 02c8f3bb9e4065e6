import { parseStopAfter, parseWaves, type Share } from '../../lib/rollout/waves';
import { BadInput } from '../shared/bad-input';
import { parseTarget } from '../shared/validation';

/** The properties of an `ota-rollout` that say which devices get the files, and in which order. */
export interface RolloutSettings {
  readonly targets?: string;
  readonly waves?: string | number;
  readonly pause?: string | number;
  readonly stopAfter?: string | number;
}

/** The same, read and checked. */
export interface CheckedRolloutSettings {
  /** The devices where a message brings no list; empty: there is none here either. */
  readonly targets: readonly string[];
  readonly waves: readonly Share[];
  /** Infinite: until it is told to go on. */
  readonly pauseMs: number;
  readonly stopAfter: Share | undefined;
}

/** Three weeks: longer than that no timer of Node.js runs. */
const maxPauseSeconds = 1_814_400;

/** @throws BadInput naming the property */
export function readRolloutSettings({
  targets = '',
  waves = '',
  pause = 0,
  stopAfter = '',
}: RolloutSettings): CheckedRolloutSettings {
  try {
    return {
      targets: parseTargets(String(targets)),
      waves: parseWaves(String(waves)),
      pauseMs: parsePauseMs(pause),
      stopAfter: parseStopAfter(String(stopAfter)),
    };
  } catch (error) {
    throw error instanceof BadInput ? error : new BadInput(`${(error as Error).message}.`);
  }
}

/** Hostnames, split by commas or spaces. */
function parseTargets(text: string): string[] {
  const hostnames = text.split(/[\s,]+/).filter(Boolean);
  return hostnames.map((hostname, index) => BadInput.inEntry('the devices', index, () => parseTarget(hostname)));
}

function parsePauseMs(value: string | number): number {
  const seconds = String(value).trim() === '' ? Number.NaN : Number(value);
  if (seconds === -1) return Number.POSITIVE_INFINITY;
  if (seconds >= 0 && seconds <= maxPauseSeconds) return seconds * 1000;
  throw BadInput.expected(
    `Expected the pause between waves in seconds, from 0 to ${maxPauseSeconds}, or -1 for until msg.continue`,
    value,
  );
}
