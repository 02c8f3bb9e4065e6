import { BoundedMap } from '../../lib/bounded-map';

/** A message of ours that the broker has not taken yet. */
export interface Pending {
  readonly topic: string;
  /** Whether this topic is given up with it, until the next deploy. */
  readonly isLasting: boolean;
  /** It will not be sent again. */
  readonly onGivenUp: () => void;
}

/** A packet of anybody's that the broker is to answer. @param topic of a message */
interface Unanswered {
  readonly topic: string | undefined;
  readonly sentAt: number;
}

/** Topics may hold hostnames, which messages bring. */
const maxBytes = 1024 * 1024;
/** Who ends the connection on a message does so at once; what is lost later is lost for another reason. */
const promptMs = 5000;
/** Connections in a row that ended on messages to one topic. */
const maxLosses = 2;
/** Topics with one first level: when so many are forbidden, all are, and each would cost connections. */
const maxForbidden = 2;

/**
 * Our messages on a connection that others use too. What the broker has not acknowledged the client sends again at the next connect:
 * where the broker ends the connection on it, that would go on for ever. When it has happened twice in a row it is given up.
 */
export class Publications {
  readonly #takeBack: (messageId: number) => void;
  readonly #onForbidden: (topic: string) => void;
  /** By topic; many devices have many. */
  readonly #pending = new Map<string, Set<Pending>>();
  /** By message id, in the order of the wire on this connection. The broker takes them in that order: it ends the connection on the first. */
  readonly #unanswered = new Map<number, Unanswered>();
  /** Of topics with something pending, on whichever connection it was sent. */
  readonly #messageIds = new Map<string, Set<number>>();
  readonly #losses = new BoundedMap<number>(maxBytes);
  readonly #forbidden = new BoundedMap<true>(maxBytes);

  /** @param takeBack what the client would send again @param onForbidden called once for each topic that is given up */
  constructor(takeBack: (messageId: number) => void, onForbidden: (topic: string) => void) {
    this.#takeBack = takeBack;
    this.#onForbidden = onForbidden;
  }

  isForbidden(topic: string): boolean {
    if (this.#forbidden.size === 0) return false;
    const beside = [...this.#forbidden].filter(([other]) => rootOf(other) === rootOf(topic));
    return this.#forbidden.has(topic) || beside.length >= maxForbidden;
  }

  /** It is about to be sent; it is the broker's, or its sender's no more, when the returned function is called. */
  begin(pending: Pending): () => void {
    const { topic } = pending;
    const onTopic = this.#pending.get(topic) ?? new Set();
    this.#pending.set(topic, onTopic.add(pending));
    return () => {
      onTopic.delete(pending);
      if (onTopic.size > 0) return;
      this.#pending.delete(topic);
      this.#messageIds.delete(topic);
    };
  }

  /** A packet of anybody's that the broker is to answer was sent. @param topic of a message */
  onSent(messageId: number, topic?: string): void {
    this.#unanswered.delete(messageId);
    this.#unanswered.set(messageId, { topic, sentAt: performance.now() });
    if (topic === undefined || !this.#pending.has(topic)) return;
    const ids = this.#messageIds.get(topic) ?? new Set();
    this.#messageIds.set(topic, ids.add(messageId));
  }

  onAnswered(messageId: number): void {
    const { topic } = this.#unanswered.get(messageId) ?? {};
    this.#unanswered.delete(messageId);
    if (topic === undefined) return;
    this.#losses.delete(topic);
    this.#messageIds.get(topic)?.delete(messageId);
  }

  /** The connection was lost. */
  onLost(): void {
    const [first] = this.#unanswered.values();
    this.onEnded();
    if (first?.topic === undefined || performance.now() - first.sentAt > promptMs) return;
    const { topic } = first;
    if (!this.#pending.has(topic)) return;
    const losses = (this.#losses.get(topic) ?? 0) + 1;
    this.#losses.set(topic, losses);
    if (losses >= maxLosses) this.#giveUp(topic);
  }

  /** Node-RED has ended the connection itself, or has another client, or leaves us. */
  onEnded(): void {
    this.#unanswered.clear();
  }

  #giveUp(topic: string): void {
    this.#losses.delete(topic);
    const isLasting = [...(this.#pending.get(topic) ?? [])].some((pending) => pending.isLasting);
    if (isLasting) {
      this.#forbidden.set(topic, true);
      this.#onForbidden(topic);
    }
    const others = [...this.#pending.keys()].filter((other) => other !== topic && this.isForbidden(other));
    for (const one of [topic, ...others]) this.#dropAll(one);
  }

  #dropAll(topic: string): void {
    const ids = [...(this.#messageIds.get(topic) ?? [])];
    for (const { onGivenUp } of [...(this.#pending.get(topic) ?? [])]) onGivenUp();
    for (const id of ids) this.#takeBack(id);
  }
}

function rootOf(topic: string): string {
  return topic.split('/', 1).join();
}
