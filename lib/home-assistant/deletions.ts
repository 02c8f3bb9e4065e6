import type { InboundMessage } from '../push/services';
import type { HaBroker } from './broker';
import type { Entity } from './entity';
import { allDiscoveryTopics, type EntityKind, type HaTopics, stateTopic, targetOf, targetOfDiscovery } from './topics';

export interface DeletionsOptions {
  readonly topics: HaTopics;
  readonly broker: HaBroker;
  /** Resolves when it is known which devices have entities. */
  readonly loaded: Promise<void>;
  /** How long the broker has to tell what it keeps, once it has let us listen; 5 seconds unless said. */
  readonly retainedMs?: number;
  readonly entityOf: (target: string) => Entity | undefined;
  /** Whether it is shown with a button. */
  readonly hasButton: (entity: Entity) => boolean;
  /** Called when the broker has told of an entity for the first time: that is to be kept. */
  readonly onTold: (entity: Entity) => void;
  /** Called for each that was shown before a start, and is still to be shown. */
  readonly onThere: (target: string) => void;
  readonly onDeleted: (kind: EntityKind, target: string, entity: Entity) => Promise<void>;
  readonly onProblem: (error: Error) => void;
}

const usualRetainedMs = 5000;

/**
 * What somebody deletes in Home Assistant, which clears what makes it known. While we listen the broker tells; of what was deleted before
 * a start only the state is left, which nobody clears then. Where both are gone the broker has forgotten all. Where it does not let us
 * hear what makes them known, nobody can tell: nothing counts as deleted.
 */
export class Deletions {
  readonly #options: DeletionsOptions;
  /** Shown before the start, and the broker has not told of them yet: with whether their state is there. */
  readonly #waiting = new Map<string, { hasState: boolean }>();
  readonly #stops: readonly (() => void)[];
  #timer: NodeJS.Timeout | undefined;
  /** Whether the broker lets us hear what makes updates known; undefined: it has not answered on this connection. */
  #isAllowed: boolean | undefined;
  #isClosed = false;

  constructor(options: DeletionsOptions) {
    const { topics, broker } = options;
    this.#options = options;
    const hear = (
      topic: string,
      onMessage: (message: InboundMessage) => Promise<void>,
      onAllowed?: (isAllowed: boolean) => void,
    ) => broker.listen(topic, (message) => this.#run(options.loaded.then(() => onMessage(message))), onAllowed);
    this.#stops = [
      broker.onOnline(() => this.#hearOnline()),
      // Discovery first: most brokers send what they keep in the order of subscriptions, and a state alone tells of a deletion.
      hear(
        allDiscoveryTopics(topics, 'update'),
        (message) => this.#hearDiscovery('update', message),
        (isAllowed) => this.#hearAllowed(isAllowed),
      ),
      hear(allDiscoveryTopics(topics, 'button'), (message) => this.#hearDiscovery('button', message)),
      hear(stateTopic(topics, '+'), (message) => this.#hearState(message)),
    ];
  }

  /** Whether it is not known yet whether it was deleted before the start: until then it is not shown. */
  mayBe(target: string): boolean {
    return this.#waiting.has(target);
  }

  /** They were shown before the start, and the broker has told of them then. */
  expect(targets: readonly string[]): void {
    for (const target of targets) this.#waiting.set(target, { hasState: false });
    if (this.#options.broker.isOnline) this.#startWaiting();
  }

  /** It is shown or removed, whatever the broker has. */
  forget(target: string): void {
    this.#waiting.delete(target);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const stop of this.#stops) stop();
  }

  /** One that is cleared before ours was there is our own; one that was deleted already is answered no more. */
  async #hearDiscovery(kind: EntityKind, { topic, payload }: InboundMessage): Promise<void> {
    const { topics, entityOf, hasButton, onDeleted } = this.#options;
    const target = targetOfDiscovery(topics, topic);
    const entity = target === undefined ? undefined : entityOf(target);
    if (this.#isClosed || target === undefined || !entity) return;
    if (payload.length > 0) this.#hearTold(kind, target, entity);
    else if (entity.atBroker.delete(kind) && (kind === 'update' ? !entity.record.isDeleted : hasButton(entity)))
      await onDeleted(kind, target, entity);
  }

  #hearTold(kind: EntityKind, target: string, entity: Entity): void {
    const { onTold, onThere } = this.#options;
    entity.atBroker.add(kind);
    if (kind !== 'update') return;
    if (!entity.record.isTold) onTold(entity);
    if (this.#waiting.delete(target)) onThere(target);
  }

  async #hearState({ topic, payload }: InboundMessage): Promise<void> {
    const waiting = this.#waiting.get(targetOf(this.#options.topics, topic) ?? '');
    if (waiting && payload.length > 0) waiting.hasState = true;
  }

  /** The broker was away: it answers anew, and tells again what it keeps. */
  #hearOnline(): void {
    this.#isAllowed = undefined;
    this.#startWaiting();
  }

  /** What the broker keeps comes with its answer, which may be late. */
  #hearAllowed(isAllowed: boolean): void {
    this.#isAllowed = isAllowed;
    this.#startWaiting();
  }

  #startWaiting(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed || this.#waiting.size === 0) return;
    if (this.#isAllowed === false) this.#endWaiting();
    else this.#timer = setTimeout(() => this.#endWaiting(), this.#options.retainedMs ?? usualRetainedMs);
  }

  #endWaiting(): void {
    const { broker, entityOf, onThere, onDeleted } = this.#options;
    if (!broker.isOnline) return; // the time begins anew when it is
    const absent = [...this.#waiting];
    this.#waiting.clear();
    for (const [target, { hasState }] of absent) {
      const entity = entityOf(target);
      if (!hasState || !this.#isAllowed) onThere(target);
      else if (entity) this.#run(onDeleted('update', target, entity));
    }
  }

  /** What goes wrong on the way is a problem, and nobody's rejection. */
  #run(work: Promise<unknown>): void {
    work.catch(this.#options.onProblem);
  }
}
