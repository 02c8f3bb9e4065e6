import { isTooDeep } from '../depth';
import { hostnameProblem } from '../protocol/names';
import type { HaBroker } from './broker';
import { commandTopic, discoveryTopic, type HaTopics } from './topics';

export interface UnansweredPressesOptions {
  readonly topics: HaTopics;
  readonly broker: Pick<HaBroker, 'listen'>;
  /** How long another node has to answer. */
  readonly answerMs: number;
  /** Called for an entity that nobody answers for. @param discovery what makes it known to Home Assistant */
  readonly onUnanswered: (target: string, discovery: object) => void;
}

interface Waiting {
  readonly timer: NodeJS.Timeout;
  readonly stop: () => void;
}

/** Anyone who may publish could fill our memory otherwise: more at once are passed over. */
const maxWaiting = 100;
/** With all texts that a release may have. */
const maxDiscoveryBytes = 64 * 1024;

/**
 * Presses of Install for devices that we know nothing of: another node's, which answers at once by a state, or of an
 * entity that has outlived its release. What has no entity in Home Assistant is passed over.
 */
export class UnansweredPresses {
  readonly #options: UnansweredPressesOptions;
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: UnansweredPressesOptions) {
    this.#options = options;
  }

  /** Install was pressed for a device that is not ours. */
  hear(target: string): void {
    const { topics, broker, answerMs, onUnanswered } = this.#options;
    if (hostnameProblem(target) || this.#waiting.has(target) || this.#waiting.size >= maxWaiting) return;
    let discovery: object | undefined;
    // The broker gives what it keeps to each new subscription.
    const stop = broker.listen(discoveryTopic(topics, target), ({ payload }) => {
      discovery = parseDiscovery(payload, commandTopic(topics, target));
    });
    const end = () => {
      this.answered(target);
      if (discovery) onUnanswered(target, discovery);
    };
    this.#waiting.set(target, { stop, timer: setTimeout(end, answerMs) });
  }

  /** Somebody has spoken for the device. */
  answered(target: string): void {
    const waiting = this.#waiting.get(target);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    waiting.stop();
    this.#waiting.delete(target);
  }

  close(): void {
    for (const target of this.#waiting.keys()) this.answered(target);
  }
}

/** What was sent to Home Assistant, where it is of the entity whose Install publishes there. */
function parseDiscovery(payload: Buffer, command: string): object | undefined {
  if (payload.length > maxDiscoveryBytes) return undefined;
  try {
    const discovery: unknown = JSON.parse(payload.toString());
    const isObject = typeof discovery === 'object' && discovery !== null;
    return isObject && 'command_topic' in discovery && discovery.command_topic === command && !isTooDeep(discovery)
      ? discovery
      : undefined;
  } catch {
    return undefined; // Not ours: anyone may publish there.
  }
}
