import { parseStopAfter, parseWaves, type Share } from '../../lib/rollout/waves';
import { BadInput } from '../shared/bad-input';

/** The properties of an `ota-rollout` that say in which order devices get the files. */
export interface RolloutSettings {
  readonly waves?: string | number;
  readonly pause?: string | number;
  readonly stopAfter?: string | number;
}

/** The same, read and checked. */
export interface CheckedRolloutSettings {
  readonly waves: readonly Share[];
  /** Infinite: until it is told to go on. */
  readonly pauseMs: number;
  readonly stopAfter: Share | undefined;
}

/** Three weeks: longer than that no timer of Node.js runs. */
const maxPauseSeconds = 1_814_400;

/** @throws BadInput naming the property */
export function readRolloutSettings({
  waves = '',
  pause = 0,
  stopAfter = '',
}: RolloutSettings): CheckedRolloutSettings {
  try {
    return {
      waves: parseWaves(String(waves)),
      pauseMs: parsePauseMs(pause),
      stopAfter: parseStopAfter(String(stopAfter)),
    };
  } catch (error) {
    throw error instanceof BadInput ? error : new BadInput(`${(error as Error).message}.`);
  }
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
