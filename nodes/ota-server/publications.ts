import { BoundedMap } from '../../lib/bounded-map';

/** A message of ours that the broker has not taken yet. */
export interface Pending {
  readonly topic: string;
  /** Whether this topic is given up with it, until the next deploy. */
  readonly isLasting: boolean;
  /** It will not be sent again. @param reason for people, of the broker */
  onGivenUp(reason: string): void;
}

/** What is pending on one topic. */
interface OnTopic {
  readonly pending: readonly Pending[];
  /** As they were sent on connections that were lost. */
  readonly messageIds: readonly number[];
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
  readonly #pending = new Map<string, OnTopic>();
  /** By message id, in the order of the wire on this connection. The broker takes them in that order: it ends the connection on the first. */
  readonly #unanswered = new Map<number, Unanswered>();
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

  /** It is about to be sent. */
  begin(one: Pending): void {
    const { pending, messageIds } = this.#pending.get(one.topic) ?? nothing;
    this.#pending.set(one.topic, { pending: [...pending, one], messageIds });
  }

  /** It is the broker's, or its sender's no more. */
  end(one: Pending): void {
    const { pending, messageIds } = this.#pending.get(one.topic) ?? nothing;
    const left = pending.filter((other) => other !== one);
    if (left.length > 0) this.#pending.set(one.topic, { pending: left, messageIds });
    else this.#pending.delete(one.topic);
  }

  /** A packet of anybody's that the broker is to answer was sent. @param topic of a message */
  onSent(messageId: number, topic?: string): void {
    this.#unanswered.delete(messageId);
    this.#unanswered.set(messageId, { topic, sentAt: performance.now() });
  }

  onAnswered(messageId: number): void {
    const { topic } = this.#unanswered.get(messageId) ?? {};
    this.#unanswered.delete(messageId);
    if (topic === undefined) return;
    this.#losses.delete(topic);
    const { pending, messageIds } = this.#pending.get(topic) ?? nothing;
    if (messageIds.length === 0) return;
    this.#pending.set(topic, { pending, messageIds: messageIds.filter((id) => id !== messageId) });
  }

  /** The connection was lost. */
  onLost(): void {
    const [first] = this.#unanswered.values();
    for (const [messageId, { topic }] of this.#unanswered) this.#noteSent(messageId, topic);
    this.#unanswered.clear();
    if (first?.topic === undefined || performance.now() - first.sentAt > promptMs) return;
    const { topic } = first;
    if (!this.#pending.has(topic)) return;
    const losses = (this.#losses.get(topic) ?? 0) + 1;
    this.#losses.set(topic, losses);
    if (losses >= maxLosses) this.#giveUp(topic);
  }

  /** Node-RED has ended the connection itself, or has another client: what the one before had is lost, and it tells nobody. */
  onEnded(): void {
    this.#unanswered.clear();
    const lost = [...this.#pending.values()].flatMap(({ pending }) => pending);
    this.#pending.clear();
    for (const one of lost) one.onGivenUp('Node-RED ended the connection');
  }

  /** Of messages that are not ours nobody asks. */
  #noteSent(messageId: number, topic: string | undefined): void {
    const onTopic = topic === undefined ? undefined : this.#pending.get(topic);
    if (topic === undefined || !onTopic) return;
    const { pending, messageIds } = onTopic;
    if (!messageIds.includes(messageId)) this.#pending.set(topic, { pending, messageIds: [...messageIds, messageId] });
  }

  #giveUp(topic: string): void {
    this.#losses.delete(topic);
    const { pending } = this.#pending.get(topic) ?? nothing;
    if (pending.some(({ isLasting }) => isLasting)) {
      this.#forbidden.set(topic, true);
      this.#onForbidden(topic);
    }
    const others = [...this.#pending.keys()].filter((other) => other !== topic && this.isForbidden(other));
    for (const one of [topic, ...others]) this.#dropAll(one);
  }

  #dropAll(topic: string): void {
    const { pending, messageIds } = this.#pending.get(topic) ?? nothing;
    for (const one of pending) one.onGivenUp('it ended the connection on it twice');
    for (const id of messageIds) this.#takeBack(id);
  }
}

const nothing: OnTopic = { pending: [], messageIds: [] };

function rootOf(topic: string): string {
  return topic.split('/', 1).join();
}
