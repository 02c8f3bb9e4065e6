/** Characters of a message, and topics, that are remembered: anyone who may publish could fill our memory otherwise. */
const maxLength = 2048;
const maxTopics = 20_000;

/** What a message is to the one before on its topic. */
export interface Recurrence {
  /** Nothing is known of the topic yet. */
  readonly isFirst: boolean;
  /** It is the same text, and somebody has subscribed since: the broker may have sent it again. */
  readonly isRepeated: boolean;
}

/** The last message on each topic of one subscription, to tell what a broker sends again. */
export class LastMessages {
  readonly #last = new Map<string, { readonly text: string; readonly subscriptions: number }>();

  /** @param subscriptions how often anyone on the connection has subscribed so far */
  take(topic: string, payload: Buffer, subscriptions: number): Recurrence {
    const text = payload.toString('latin1');
    const before = this.#last.get(topic);
    if (text.length <= maxLength && (before || this.#last.size < maxTopics)) {
      this.#last.set(topic, { text, subscriptions });
    }
    return { isFirst: !before, isRepeated: before?.text === text && before.subscriptions < subscriptions };
  }
}
