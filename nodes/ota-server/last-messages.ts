import { BoundedMap } from '../../lib/bounded-map';

/** Characters of a message and of its topic: what is longer is not remembered, since no device says so much. */
const maxLength = 2048;
const maxTopicLength = 1024;
const maxBytes = 16 * 1024 * 1024;

/** What a message is to the one before on its topic. */
export interface Recurrence {
  /** Nothing is known of the topic yet. */
  readonly isFirst: boolean;
  /** It is the same text, and somebody has subscribed since: the broker may have sent it again. */
  readonly isRepeated: boolean;
}

interface Last {
  readonly text: string;
  readonly subscriptions: number;
}

/** The last message on each topic of each subscription of a connection, to tell what a broker sends again. */
export class LastMessages {
  readonly #last = new BoundedMap<Last>(maxBytes, ({ text }) => text.length);

  /**
   * @param subscription that has brought it
   * @param subscriptions how often anyone on the connection has subscribed so far
   */
  take(subscription: string, topic: string, payload: Buffer, subscriptions: number): Recurrence {
    if (topic.length > maxTopicLength) return { isFirst: true, isRepeated: false };
    const key = `${subscription} ${topic}`;
    const before = this.#last.get(key);
    if (payload.length > maxLength) return { isFirst: !before, isRepeated: false };
    const text = payload.toString('latin1');
    this.#last.set(key, { text, subscriptions });
    return { isFirst: !before, isRepeated: before?.text === text && before.subscriptions < subscriptions };
  }
}
