import type { NodeAPI } from 'node-red';
import type { RolloutEnd } from '../fleet/rollout';
import type { RolloutReport } from '../fleet/tally';
import type { Outcome } from '../push/outcome';
import type { Device } from './devices';
import type { FileSettings } from './files';
import type { Message } from './message';

type Copy = NodeAPI['util']['cloneMessage'];

/** The messages of a rollout: what came in comes along, but neither the bytes nor the list of devices. */
export class RolloutOutput {
  readonly #rest: Message;
  readonly #copy: Copy;

  constructor(
    message: Message,
    { file, fileType }: FileSettings,
    { normalisePropertyExpression, cloneMessage }: NodeAPI['util'],
  ) {
    const { payload, files, targets, target, ota, rollout, ...rest } = message;
    const path = fileType === 'msg' ? (normalisePropertyExpression(file) as (string | number)[]) : [];
    this.#rest = without(rest, path) as Message;
    this.#copy = cloneMessage;
  }

  /** Output 1: a device has ended. Where names collide the result wins. */
  toDevice(device: Device, outcome: Outcome): (Message | null)[] {
    const copy = this.#copy(this.#rest);
    return [{ ...copy, ...device, _msgid: copy._msgid, payload: outcome.result, ota: outcome }, null, null];
  }

  /** Output 2: the rollout has ended. */
  toEnd(end: RolloutEnd, rollout: RolloutReport): (Message | null)[] {
    return [null, { ...this.#rest, payload: end, rollout }, null];
  }

  /** Output 3: how far it is. */
  toProgress(percent: number, rollout: RolloutReport): (Message | null)[] {
    return [null, null, { _msgid: this.#rest._msgid, payload: percent, rollout }];
  }
}

/** A copy that lacks one property, wherever it is. */
function without(value: object, [key, ...deeper]: readonly (string | number)[]): object {
  if (key === undefined || !(key in value)) return value;
  const { [key]: found, ...others } = value as Record<string | number, unknown>;
  const isDeeper = deeper.length > 0 && typeof found === 'object' && found !== null;
  return isDeeper ? { ...others, [key]: without(found, deeper) } : others;
}
