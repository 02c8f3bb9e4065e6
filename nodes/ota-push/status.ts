import type { Node, NodeStatus } from 'node-red';
import { BoundedMap } from '../../lib/bounded-map';
import type { Job } from '../../lib/push/job';
import { isFailure, type Outcome } from '../../lib/push/outcome';
import type { PushActivity, PushSnapshot } from '../../lib/push/state';
import type { BadInput } from '../shared/bad-input';
import type { ServerReadiness } from '../shared/readiness';
import { ReadyStatus } from '../shared/ready-status';
import type { Translate } from '../shared/throttled-status';

const good = { fill: 'green', shape: 'dot' } as const;
const bad = { fill: 'red', shape: 'ring' } as const;

/** Milliseconds between two looks at how far a transfer is. */
const lookEveryMs = 1000;
/** Some 10,000 devices: their names come with messages. */
const maxFailureBytes = 4 * 1024 * 1024;
/** Of devices that have failed, so many are named. */
const maxNamed = 3;

/** A push under way. */
interface UnderWay {
  readonly target: string;
  readonly doing: PushActivity;
  /** For its turn, for the broker, for its device to wake or for another attempt. */
  readonly isWaiting: boolean;
  readonly look: (() => PushSnapshot) | undefined;
}

/** The line under a node: whether it could push, what it does, for which device, how the last push ended and which have failed. */
export class StatusLine {
  readonly #line: ReadyStatus;
  readonly #translate: Translate;
  readonly #readiness: ServerReadiness;
  /** By their id, the one last that has moved on last. */
  readonly #underWay = new Map<string, UnderWay>();
  /** Since none was under way. */
  #ended = 0;
  /** Devices whose last push has failed, with the key of its words; the last one last. */
  readonly #failures = new BoundedMap<string>(maxFailureBytes, (key) => key.length);
  /** How the last push has ended, or why there was none, if that was no failure. */
  #last: Outcome | BadInput['code'] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(node: Node, translate: Translate, readiness: ServerReadiness) {
    this.#translate = translate;
    this.#readiness = readiness;
    this.#line = new ReadyStatus(node, readiness, () => (this.#underWay.size > 0 ? this.#working() : this.#idle()));
  }

  phase([job]: readonly Job[], doing: PushActivity, isWaiting: boolean): void {
    if (!job) return;
    const { id, target } = job;
    const look = this.#underWay.get(id)?.look;
    this.#underWay.delete(id);
    this.#underWay.set(id, { target, doing, isWaiting, look });
    this.#last = undefined;
    this.#line.update();
  }

  /** From now on it can be asked how far a push is. */
  follow([job]: readonly Job[], look: () => PushSnapshot): void {
    const push = job && this.#underWay.get(job.id);
    if (push) this.#underWay.set(job.id, { ...push, look });
  }

  end(outcome: Outcome): void {
    const { id, target, result } = outcome;
    this.#underWay.delete(id);
    this.#ended = this.#underWay.size > 0 ? this.#ended + 1 : 0;
    if (result !== 'cancelled') this.#failures.delete(target);
    if (isFailure[result]) this.#failures.set(target, keyOf(outcome));
    else this.#last = outcome;
    this.#line.update();
  }

  /** It has come to no end. */
  forget([job]: readonly Job[]): void {
    if (job) this.#underWay.delete(job.id);
    this.#line.update();
  }

  /** Nothing was started. */
  badInput(code: BadInput['code']): void {
    this.#last = code;
    this.#line.update();
  }

  /** Failures of before do not count any more. */
  beginAnew(): void {
    this.#failures.clear();
    this.#line.update();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#line.close();
  }

  #working(): NodeStatus {
    const pushes = [...this.#underWay.values()];
    const moving = pushes.filter(({ isWaiting }) => !isWaiting);
    const { target, doing, isWaiting, look } = (moving.at(-1) ?? pushes.at(-1)) as UnderWay;
    const { phase, percent } = (doing === 'transfer' ? look?.() : undefined) ?? {};
    const what =
      phase === 'transfer'
        ? this.#translate('transfer-percent', { percent: String(percent) })
        : this.#translate(isWaiting ? `${doing}-waiting` : doing);
    if (phase === 'transfer') this.#lookAgain();
    const total = this.#ended + pushes.length;
    const values = { number: String(Math.min(this.#ended + 1, total)), total: String(total) };
    const which = total > 1 ? ` (${this.#translate('several', values)})` : '';
    const text = [`${target}: ${what}${which}`, ...this.#failureWords(target)].join('; ');
    return moving.length === 0 ? { fill: 'yellow', shape: 'ring', text } : { fill: 'blue', shape: 'dot', text };
  }

  #idle(): NodeStatus {
    const failures = this.#failureWords();
    const last = this.#lastStatus();
    if (failures.length > 0) return { ...bad, text: [...failures, ...(last?.text ? [last.text] : [])].join('; ') };
    // A success does not hide that the next push would fail.
    return last && (last.fill !== good.fill || this.#readiness.isReady) ? last : this.#readiness.status;
  }

  #lastStatus(): NodeStatus | undefined {
    const last = this.#last;
    // As a key as a whole, the editor shows it in its own language.
    if (typeof last === 'string') return { ...bad, text: `ota-push.status.${last}` };
    return last && { ...(last.code === null ? good : bad), text: this.#wordsOf(last.target, keyOf(last)) };
  }

  #wordsOf(target: string, key: string): string {
    return `${target}: ${this.#translate(key)}`;
  }

  /** None where nothing has failed. @param shown the device that is shown already */
  #failureWords(shown?: string): readonly string[] {
    const failures = [...this.#failures].filter(([target]) => target !== shown);
    const [only] = failures;
    if (!only || failures.length === 1) return only ? [this.#wordsOf(...only)] : [];
    const named = failures.slice(-maxNamed).map(([target]) => target);
    const targets = failures.length > maxNamed ? `…, ${named.join(', ')}` : named.join(', ');
    return [this.#translate('failures', { number: String(failures.length), targets })];
  }

  #lookAgain(): void {
    if (this.#isClosed || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#line.update();
    }, lookEveryMs);
  }
}

/** The words for how a push has ended. */
function keyOf({ result, code, verified, report }: Outcome): string {
  if (code === 'rejected' && report?.state === 'rolled_back') return 'rolled_back';
  return code ?? (result === 'unchanged' ? result : (verified ?? result));
}
