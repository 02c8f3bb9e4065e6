import type { HaBroker } from '../../../lib/home-assistant/broker';
import type { InboundMessage } from '../../../lib/push/services';
import { Inbox } from '../../peers/inbox';

/** The state of the entity of `lamp`, as it was sent. */
export interface Shown {
  readonly in_progress: boolean;
  readonly update_percentage: number | null;
  readonly installed_version: string;
  readonly isRetained: boolean;
}

type Listener = [topic: string, onMessage: (message: InboundMessage) => void];

/** A broker that remembers what it is sent, and tells what a test wants to be heard. */
export class ToldBroker implements HaBroker {
  isOnline = true;
  readonly shown = new Inbox<Shown>();
  /** Whether the button of `lamp` can be pressed, each time that it is told; `none`: there is no button. */
  readonly button = new Inbox<string>();
  /** What it was sent, in the order of the wire; an empty text clears a topic. */
  readonly sent: [topic: string, text: string][] = [];
  readonly #isAllowed: boolean | undefined;
  readonly #listeners: Listener[] = [];
  readonly #onlineListeners = new Set<() => void>();
  #answered: Promise<void> = Promise.resolve();

  /** @param isAllowed whether it lets us hear what is sent to Home Assistant; undefined: it does not answer */
  constructor(isAllowed: boolean | undefined) {
    this.#isAllowed = isAllowed;
  }

  async publish(topic: string, text: string, isRetained: boolean): Promise<void> {
    if (!this.isOnline) return;
    if (topic === 'ota-push/update/lamp/state' && text !== '') this.shown.push({ ...JSON.parse(text), isRetained });
    this.sent.push([topic, text]);
    if (topic === 'ota-push/update/lamp/previous') this.button.push(text || 'none');
    await this.#answered;
  }

  listen(
    topic: string,
    onMessage: (message: InboundMessage) => void,
    onAllowed?: (isAllowed: boolean) => void,
  ): () => void {
    const listener: Listener = [topic, onMessage];
    this.#listeners.push(listener);
    const isAllowed = this.#isAllowed;
    if (isAllowed !== undefined) queueMicrotask(() => onAllowed?.(isAllowed));
    return () => this.#listeners.splice(this.#listeners.indexOf(listener), 1);
  }

  forget(): void {
    // It keeps nothing that was said.
  }

  onOnline(listener: () => void): () => void {
    this.#onlineListeners.add(listener);
    return () => this.#onlineListeners.delete(listener);
  }

  /** It is there anew, and has not answered what we subscribe to. */
  comeOnline(): void {
    for (const listener of this.#onlineListeners) listener();
  }

  /** It acknowledges nothing, until the returned function is called. */
  fallSilent(): () => void {
    let answer: () => void = () => undefined;
    this.#answered = new Promise((resolve) => {
      answer = resolve;
    });
    return answer;
  }

  /** Somebody presses a button in Home Assistant, or says something like that. @param maybeStale it may have been long ago */
  say(topic: string, text: string, maybeStale = false): void {
    this.#tell('ota-push/update/+/install', topic, text, maybeStale);
  }

  /** What makes `lamp` known in Home Assistant, as it keeps it. */
  tell(text: string, kind: 'update' | 'button' = 'update'): void {
    this.#tell(`homeassistant/${kind}/+/config`, `homeassistant/${kind}/ota-push__lamp/config`, text);
  }

  /** The state of `lamp`, as it keeps it. */
  tellState(text: string): void {
    this.#tell('ota-push/update/+/state', 'ota-push/update/lamp/state', text);
  }

  /** Home Assistant says that it has started. */
  birth(): void {
    this.#tell('homeassistant/status', 'homeassistant/status', 'online');
  }

  #tell(filter: string, topic: string, text: string, maybeStale = false): void {
    const message = { topic, payload: Buffer.from(text), isRetainedReplay: maybeStale, maybeStale };
    for (const [, onMessage] of this.#listeners.filter(([one]) => one === filter)) onMessage(message);
  }
}
