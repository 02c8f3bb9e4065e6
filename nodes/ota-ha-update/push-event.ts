import type { PushEvent } from '../../lib/home-assistant/entity';
import type { Message } from '../shared/message';

/** Whether an `ota-push` or an `ota-rollout` has sent the message, on any output. */
export function isFromPush({ ota, payload, rollout }: Message): boolean {
  if (isObject(rollout)) return true;
  if (!isObject(ota)) return false;
  if (ota.result === null) return typeof payload === 'number';
  return typeof ota.result === 'string' && payload === ota.result;
}

/** What it says of a device; undefined where it is about a whole rollout, or a message that nobody could push. */
export function readPushEvent({ ota, payload }: Message): PushEvent | undefined {
  if (!isObject(ota)) return undefined;
  const { id, target, result, phase } = ota;
  if (typeof id !== 'string' || typeof target !== 'string') return undefined;
  return {
    id,
    target,
    result: typeof result === 'string' ? result : null,
    percent: typeof payload === 'number' ? Math.min(100, Math.max(0, payload || 0)) : 0,
    isWaiting: phase === 'waiting',
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
