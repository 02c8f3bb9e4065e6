import { isUint8Array } from 'node:util/types';
import type { NodeAPI } from 'node-red';
import type { Outcome } from '../../lib/push/outcome';
import type { RolloutEnd } from '../../lib/rollout/rollout';
import type { RolloutReport } from '../../lib/rollout/tally';
import type { FileSettings } from '../shared/files';
import { idOf, type Message } from '../shared/message';
import type { RolloutTarget } from '../shared/targets';

type Util = Pick<NodeAPI['util'], 'cloneMessage' | 'normalisePropertyExpression'>;

/** The messages of a rollout: what came in comes along, but neither the bytes nor the list of devices. */
export class RolloutOutput {
  readonly #rest: Message;
  readonly #util: Util;

  /** @param bytes that are rolled out, wherever they came from */
  constructor(message: Message, { file, fileType }: FileSettings, bytes: readonly Buffer[], util: Util) {
    const { payload, files, targets, target, ota, rollout, ...rest } = message;
    const path = fileType === 'msg' ? pathOf(file, message, util) : [];
    const others = Object.entries(without(rest, path)).filter(([, value]) => !bytes.some((one) => isSame(one, value)));
    this.#rest = Object.fromEntries(others) as unknown as Message;
    this.#util = util;
  }

  /** Output 1: a device has ended. Where names collide the result wins. */
  toDevice(target: RolloutTarget, outcome: Outcome): (Message | null)[] {
    const copy = this.#util.cloneMessage({ ...this.#rest, ...target, _msgid: this.#rest._msgid });
    return [{ ...copy, payload: outcome.result, ota: outcome }, null, null];
  }

  /** Output 2: the rollout has ended. */
  toEnd(end: RolloutEnd, rollout: RolloutReport): (Message | null)[] {
    return [null, { ...this.#rest, payload: end, rollout }, null];
  }

  /** Output 3: how far it is. */
  toProgress(percent: number, rollout: RolloutReport): (Message | null)[] {
    return [null, null, { _msgid: idOf(this.#rest), payload: percent, rollout }];
  }
}

/** The parts of a property's name; none where it can't be read. */
function pathOf(
  property: string,
  message: Message,
  { normalisePropertyExpression }: Util,
): readonly (string | number)[] {
  try {
    return (normalisePropertyExpression as Normalise)(property.replace(/^msg\./, ''), message);
  } catch {
    // What is wrong with it was said when the file was to be read.
    return [];
  }
}

/** With the message, whose values it may name: `versions[msg.version]`. The types know only of the name. */
type Normalise = (property: string, message: Message) => (string | number)[];

/** The same content, whatever memory holds it: the flow's own, or a copy of it. */
function isSame(bytes: Buffer, value: unknown): boolean {
  return isUint8Array(value) && bytes.equals(value);
}

/** A copy that lacks one property, wherever it is. */
function without(value: object, [key, ...deeper]: readonly (string | number)[]): object {
  if (key === undefined || !(key in value)) return value;
  const { [key]: found, ...others } = value as Record<string | number, unknown>;
  const isDeeper = deeper.length > 0 && typeof found === 'object' && found !== null;
  const rest = isDeeper ? without(found, deeper) : undefined;
  if (Array.isArray(value)) return value.map((one: unknown, index) => (index === Number(key) ? rest : one));
  return isDeeper ? { ...others, [key]: rest } : others;
}
