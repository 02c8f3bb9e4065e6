import { BoundedMap } from '../../lib/bounded-map';

export type OnMessage = (topic: string, payload: Buffer, packet: { readonly retain?: boolean }) => void;

/** The list that Node-RED's broker node keeps: at each connect it subscribes to all of it. */
export interface SubscriptionList {
  isOnline(): boolean;
  subscribe(topic: string, user: string, onMessage: OnMessage): void;
  unsubscribe(topic: string, user: string): void;
}

/** How a broker forbids a subscription: it refuses it, or ends the connection, as brokers of MQTT 3.1.1 may. */
export type Forbidding = 'refused' | 'ended';

/** A SUBSCRIBE on its way. */
export interface SentSubscribe {
  readonly messageId: number;
  readonly subscriptions: readonly { readonly topic: string }[];
}

interface Subscription {
  readonly topic: string;
  readonly user: string;
  readonly onMessage: OnMessage;
  readonly onAllowed: (isAllowed: boolean) => void;
  readonly isOptional: boolean;
  isListed: boolean;
}

/** Topics may hold hostnames, which messages bring. */
const maxBytes = 1024 * 1024;
/** Who ends the connection on a subscription does so at once; what is lost later is lost for another reason. */
const promptMs = 5000;
/** The client sends what it has of a session before, and after that what the broker node subscribes to. */
const settlesAfterMs = 500;
/** In the answer to a subscription: from here on the broker refuses. */
const firstError = 0x80;

/**
 * Our subscriptions on a connection that others use too. Where the broker ends it before it has answered one of ours, that
 * one is taken from the list, which would end the next connection as well, and tried once more, alone, after all others
 * were answered. If the connection ends again, it is given up: a broker that restarts does not hit that moment twice.
 */
export class Subscriptions {
  readonly #list: SubscriptionList;
  readonly #onForbidden: (topic: string, how: Forbidding) => void;
  readonly #own = new Map<string, Subscription>();
  /** By message id: the topics that were asked for on this connection, and when. */
  readonly #unanswered = new Map<number, { readonly topics: readonly string[]; readonly sentAt: number }>();
  /** Connections in a row that ended before the answer for a topic of ours. */
  readonly #losses = new BoundedMap<number>(maxBytes);
  readonly #warnedOf = new BoundedMap<true>(maxBytes);
  #timer: NodeJS.Timeout | undefined;
  #isSettled = false;

  /** @param onForbidden called once for each topic */
  constructor(list: SubscriptionList, onForbidden: (topic: string, how: Forbidding) => void) {
    this.#list = list;
    this.#onForbidden = onForbidden;
  }

  /** The broker has ended connections on a subscription, or may have: it may do so on others. */
  get hasLosses(): boolean {
    return this.#losses.size > 0;
  }

  /**
   * Subscribes, until the returned function is called.
   * @param user unique
   * @param onAllowed called with what the broker makes of it, at each connect
   * @param isOptional nobody misses it where it is forbidden
   */
  add(
    topic: string,
    user: string,
    onMessage: OnMessage,
    onAllowed: Subscription['onAllowed'],
    isOptional = false,
  ): () => void {
    const subscription: Subscription = { topic, user, onMessage, onAllowed, isOptional, isListed: false };
    this.#own.set(user, subscription);
    const losses = this.#losses.get(topic) ?? 0;
    if (losses === 0) this.#enlist(subscription);
    else if (losses === 1) this.#tryNext();
    else onAllowed(false);
    return () => {
      this.#own.delete(user);
      this.#unlist(subscription);
      // Nobody will learn whether the connection was lost on it.
      if (this.#losses.get(topic) === 1 && this.#of(topic).length === 0) this.#losses.delete(topic);
    };
  }

  /** A SUBSCRIBE of anybody's has been sent. */
  onSent({ messageId, subscriptions }: SentSubscribe): void {
    const topics = subscriptions.map(({ topic }) => topic);
    this.#unanswered.set(messageId, { topics, sentAt: performance.now() });
  }

  /** It was answered. @param granted for each of its topics */
  onAnswered(messageId: number, granted: readonly number[]): void {
    const topics = this.#unanswered.get(messageId)?.topics ?? [];
    this.#unanswered.delete(messageId);
    for (const [index, topic] of topics.entries()) {
      const isAllowed = (granted[index] ?? 0) < firstError;
      this.#losses.delete(topic);
      if (isAllowed) this.#tell(topic, true);
      else this.#forbid(topic, 'refused');
    }
    this.#tryNext();
  }

  /** The broker node is connected, and is about to subscribe to what of its list the client has not subscribed to itself. */
  onConnected(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isSettled = true;
      this.#tryNext();
    }, settlesAfterMs);
  }

  /** Topics, of anybody's, whose subscription has just been sent and is not answered yet. */
  get unanswered(): ReadonlySet<string> {
    const now = performance.now();
    const recent = [...this.#unanswered.values()].filter(({ sentAt }) => now - sentAt < promptMs);
    return new Set(recent.flatMap(({ topics }) => topics));
  }

  /** The connection was lost. */
  onLost(): void {
    const topics = this.unanswered;
    this.onEnded();
    for (const topic of topics) this.#suspect(topic);
  }

  /** Node-RED has ended the connection itself, or has another client, or leaves us. */
  onEnded(): void {
    clearTimeout(this.#timer);
    this.#isSettled = false;
    this.#unanswered.clear();
  }

  #suspect(topic: string): void {
    const own = this.#of(topic);
    if (own.length === 0) return;
    const losses = (this.#losses.get(topic) ?? 0) + 1;
    this.#losses.set(topic, losses);
    for (const subscription of own) this.#unlist(subscription);
    if (losses > 1) this.#forbid(topic, 'ended');
  }

  /** One at a time, so that it is known on which one the connection ends. */
  #tryNext(): void {
    if (!this.#list.isOnline() || !this.#isSettled || this.#unanswered.size > 0) return;
    const next = [...this.#own.values()].find(
      ({ topic, isListed }) => !isListed && (this.#losses.get(topic) ?? 0) <= 1,
    );
    if (!next) return;
    for (const subscription of this.#of(next.topic)) this.#enlist(subscription);
  }

  #forbid(topic: string, how: Forbidding): void {
    const isMissed = this.#of(topic).some(({ isOptional }) => !isOptional);
    this.#tell(topic, false);
    if (!isMissed || this.#warnedOf.has(topic)) return;
    this.#warnedOf.set(topic, true);
    this.#onForbidden(topic, how);
  }

  #tell(topic: string, isAllowed: boolean): void {
    for (const { onAllowed } of this.#of(topic)) onAllowed(isAllowed);
  }

  #of(topic: string): Subscription[] {
    return [...this.#own.values()].filter((subscription) => subscription.topic === topic);
  }

  #enlist(subscription: Subscription): void {
    if (subscription.isListed) return;
    subscription.isListed = true;
    this.#list.subscribe(subscription.topic, subscription.user, subscription.onMessage);
  }

  #unlist(subscription: Subscription): void {
    if (!subscription.isListed) return;
    subscription.isListed = false;
    this.#list.unsubscribe(subscription.topic, subscription.user);
  }
}
