import { BoundedMap } from '../../lib/bounded-map';
import { says } from '../../lib/says';
import type { OnMessage } from './subscriptions';

/** The broker connection, as far as this is concerned. */
export interface KeptTopics {
  isOnline(): boolean;
  /** Whether a subscription that the broker may forbid can be tried: some end the connection then. */
  isSafe(): boolean;
  /** Subscribes until the returned function is called. @param onAnswer called with what the broker makes of it */
  listen(topic: string, onMessage: OnMessage, onAnswer: (isAllowed: boolean) => void): () => void;
  /** Takes from the broker what it keeps on the topic; resolves when it has done so. */
  clear(topic: string): Promise<void>;
}

interface Announcement {
  readonly text: string;
  /** It is needed no more. */
  isOver: boolean;
  /** What clears it is on its way, and is sent again by the client where the connection is lost. */
  isCleared: boolean;
}

/** A subscription to an announcement's topic, to see whether it comes back. */
interface Probe {
  stop: () => void;
  /** It came back without the retain flag: `repeating` until the second subscription is answered. */
  state: 'first' | 'repeating' | 'repeated';
}

/** Most pushes are over by then: probing at once would hold the first one up. */
const probesAfterMs = 100;
/** A newer announcement ends a probe: many pushes to one device must not subscribe each time. */
const probesEveryMs = 1000;
/** Where a connection is lost again and again before the broker has answered: the announcements to some 20,000 devices, the newest. */
const maxBytes = 16 * 1024 * 1024;
/** After a connection was lost so many are asked for, the newest: one that comes back tells of all. */
const maxProbes = 20;
/** Brokers send what they keep with their answer; ioBroker's takes 0.2 seconds. */
const answersWithinMs = 3000;

/**
 * Finds out, once per connection, whether the broker keeps announcements that were not to be kept, and clears them then
 * (protocol 1.4). It publishes nothing for that: it subscribes to the topic of the first one that the broker has
 * acknowledged. A broker that keeps it sends it, with the retain flag. One that sends it without is probed once more: an
 * echo of what was just published, which another subscription on this connection may bring, does not come again.
 */
export class KeptAnnouncements {
  readonly #broker: KeptTopics;
  readonly #onKept: () => void;
  /** By topic: the last one, until it is known not to be kept. */
  readonly #announcements = new BoundedMap<Announcement>(maxBytes, ({ text }) => text.length);
  /** Topics of what others have said, until it is known whether that is kept. */
  readonly #heard = new BoundedMap<true>(maxBytes);
  readonly #probes = new Map<string, Probe>();
  #keeps: boolean | undefined;
  #resends = false;
  #mayProbe = true;
  #isTold = false;
  #delay: NodeJS.Timeout | undefined;
  /** On the clock of `performance`: when the delay is over, and when the last probe began. */
  #delayedUntil = 0;
  #probedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** @param onKept called once */
  constructor(broker: KeptTopics, onKept: () => void) {
    this.#broker = broker;
    this.#onKept = onKept;
  }

  /** What the broker sends right after a subscription may be old, without saying so: as far as the last answer showed. */
  get resends(): boolean {
    return this.#resends;
  }

  /** To be called before it is published: an echo of it says nothing of the one before. */
  onAnnounce(topic: string, text: string): void {
    this.#stopProbe(topic);
    this.#announcements.set(topic, { text, isOver: false, isCleared: false });
  }

  /** The broker has it. */
  onAcknowledged(topic: string): void {
    this.#probeSoon(topic, probesAfterMs);
  }

  /** The device has the file, or the push has ended. */
  onOver(topic: string, text: string): void {
    const announcement = this.#announcements.get(topic);
    if (announcement?.text !== text || announcement.isOver) return;
    announcement.isOver = true;
    if (this.#keeps) this.#clear(topic, announcement);
    else if (this.#keeps === false || !this.#canProbe) this.#announcements.delete(topic);
    else this.#probeSoon(topic, 0);
  }

  /**
   * Somebody else has said what is not to be kept. That is cleared once an announcement has shown that the broker keeps it: it is not
   * probed for itself, since it would come again to whoever obeys it.
   */
  onHeard(topic: string): void {
    if (this.#keeps === false) return;
    this.#heard.set(topic, true);
    if (this.#keeps) this.#clearHeard();
  }

  /** What was over when the connection was lost may be kept. */
  onOnline(): void {
    const over = [...this.#announcements].filter(([, { isOver, isCleared }]) => isOver && !isCleared);
    for (const [topic] of over.slice(-maxProbes)) this.#probe(topic);
  }

  /** @param unanswered topics whose subscription the broker has not answered: a probe may be what it ends connections on */
  onLost(unanswered: ReadonlySet<string>): void {
    if ([...this.#probes.keys()].some((topic) => unanswered.has(topic))) this.#mayProbe = false;
    this.#stopAll();
    this.#keeps = undefined;
    this.#probedAt = Number.NEGATIVE_INFINITY;
  }

  /** Probes no more. */
  close(): void {
    this.#mayProbe = false;
    this.#stopAll();
  }

  get #canProbe(): boolean {
    return this.#mayProbe && this.#broker.isSafe();
  }

  /** One probe tells of all. */
  #probeSoon(topic: string, delayMs: number): void {
    if (this.#keeps !== undefined || this.#probes.size > 0) return;
    const now = performance.now();
    const at = Math.max(now + delayMs, this.#probedAt + probesEveryMs);
    if (this.#delay && this.#delayedUntil <= at) return;
    this.#stopDelay();
    if (at <= now) {
      this.#probe(topic);
      return;
    }
    this.#delayedUntil = at;
    this.#delay = setTimeout(() => {
      this.#delay = undefined;
      this.#probeSoon(topic, 0);
    }, at - now);
  }

  #probe(topic: string, state: Probe['state'] = 'first'): void {
    if (!this.#canProbe || !this.#broker.isOnline() || this.#probes.has(topic)) return;
    this.#probedAt = performance.now();
    const probe: Probe = { stop: () => undefined, state };
    this.#probes.set(topic, probe);
    probe.stop = this.#broker.listen(
      topic,
      (from, payload, { retain = false }) => {
        const { text } = this.#announcements.get(topic) ?? {};
        const isIt = from === topic && text !== undefined && says(payload, text);
        if (isIt && this.#probes.get(topic) === probe) this.#onBack(topic, probe, retain);
      },
      (isAllowed) => {
        if (!isAllowed) this.#conclude(false);
        else if (probe.state === 'repeating') probe.state = 'repeated';
      },
    );
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#conclude(false), answersWithinMs);
  }

  #onBack(topic: string, { state }: Probe, isRetained: boolean): void {
    if (isRetained || state === 'repeated') {
      this.#resends = !isRetained;
      this.#conclude(true);
    } else if (state === 'first') {
      this.#stopProbe(topic);
      this.#probe(topic, 'repeating');
    }
  }

  #conclude(keeps: boolean): void {
    this.#stopAll();
    this.#keeps = keeps;
    if (keeps) this.#clearHeard();
    else this.#heard.clear();
    for (const [topic, announcement] of this.#announcements) {
      if (!announcement.isOver) continue;
      if (keeps) this.#clear(topic, announcement);
      else this.#announcements.delete(topic);
    }
    if (!keeps || this.#isTold) return;
    this.#isTold = true;
    this.#onKept();
  }

  #clear(topic: string, announcement: Announcement): void {
    if (announcement.isCleared || !this.#broker.isOnline()) return;
    announcement.isCleared = true;
    this.#broker.clear(topic).then(
      () => {
        if (this.#announcements.get(topic) === announcement) this.#announcements.delete(topic);
      },
      () => {
        // The client was ended, or the broker refused: the next connection probes again.
        announcement.isCleared = false;
      },
    );
  }

  #clearHeard(): void {
    for (const [topic] of [...this.#heard]) {
      this.#heard.delete(topic);
      this.#broker.clear(topic).catch(() => this.#heard.set(topic, true));
    }
  }

  #stopDelay(): void {
    clearTimeout(this.#delay);
    this.#delay = undefined;
  }

  #stopAll(): void {
    this.#stopDelay();
    for (const topic of [...this.#probes.keys()]) this.#stopProbe(topic);
  }

  #stopProbe(topic: string): void {
    this.#probes.get(topic)?.stop();
    this.#probes.delete(topic);
    if (this.#probes.size === 0) clearTimeout(this.#timer);
  }
}
