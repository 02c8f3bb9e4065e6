import type { Evidence, HostKind } from './advice';
import { formatAnnouncement } from './announcement';
import { type Cancellation, cancelled, timedOut, within } from './cancellation';
import { type FileOffer, offerFile } from './file-offer';
import type { Announced, Job, Means } from './means';
import { type Code, failed, type Outcome, type Phase, type PushFacts, succeeded } from './outcome';

/** Pushes the file: announce, connect, transfer. Ends with an outcome and never throws, whatever others do. */
export function push(job: Job, facts: PushFacts, means: Means, cancellation: Cancellation): Promise<Outcome> {
  return new Push(job, facts, means, cancellation).run();
}

/** Ends a push before its time. */
class GivenUp extends Error {
  constructor(
    readonly code: Code,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

class Push {
  #offer: FileOffer | undefined;
  #announced: Announced | undefined;
  #hostKind: HostKind = 'own';
  #nobodySubscribed = false;

  constructor(
    readonly job: Job,
    readonly facts: PushFacts,
    readonly means: Means,
    readonly cancellation: Cancellation,
  ) {}

  async run(): Promise<Outcome> {
    try {
      if (this.cancellation.reason) throw new GivenUp('cancelled', this.cancellation.reason);
      await this.#brokerOnline();
      const offer = await this.#listen();
      // A port may have been waited for: the broker may be gone meanwhile, or the push cancelled.
      await this.#brokerOnline();
      await this.#timed('connect', async () => {
        await this.#announce(offer);
        await this.#connect(offer);
      });
      await this.#timed('transfer', () => this.#transfer(offer));
      offer.close();
      return succeeded(this.facts);
    } catch (error) {
      this.#offer?.reset();
      if (!(error instanceof GivenUp)) throw error;
      return failed(this.facts, error.code, this.#seen(error.message));
    } finally {
      this.#announced?.withdraw();
    }
  }

  /** Nothing is handed to a client that is not connected (protocol 1.6). */
  async #brokerOnline(): Promise<void> {
    this.#enter('announce');
    if (this.means.broker.isOnline) return;
    const waiting = new AbortController();
    try {
      await this.#inTime(this.means.broker.online(waiting.signal), 'broker_offline');
    } finally {
      waiting.abort();
    }
  }

  /** Before the announcement is published: a device resets itself when the connection is refused (protocol 1.7). */
  async #listen(): Promise<FileOffer> {
    const { facts, means, job } = this;
    const { host, kind } = await means.host();
    this.#hostKind = kind;
    const offer = await offerFile({
      bytes: job.bytes,
      idleMs: job.timeoutMs,
      queues: means.queues,
      isAllowed: means.isAllowed,
      listen: means.listen,
    }).catch((error: unknown) => {
      throw new GivenUp(this.cancellation.reason ? 'cancelled' : 'listen_failed', this.cancellation.reason ?? error);
    });
    means.keep(offer);
    this.#offer = offer;
    facts.host = host;
    facts.port = offer.port;
    return offer;
  }

  /** Until the broker has the announcement, or the device shows that it has. */
  async #announce(offer: FileOffer): Promise<void> {
    if (this.cancellation.reason) throw new GivenUp('cancelled', this.cancellation.reason);
    const { job, means, facts } = this;
    const text = formatAnnouncement({ ...job, host: facts.host ?? '', port: offer.port });
    this.#announced = means.broker.announce(facts.topic, text, job.timeoutMs);
    const acknowledged = this.#announced.acknowledged.then(
      ({ nobodySubscribed }) => {
        this.#nobodySubscribed = nobodySubscribed;
      },
      (error: unknown) => {
        throw new GivenUp('publish_failed', error);
      },
    );
    await this.#inTime(Promise.race([acknowledged, offer.connected]), 'publish_failed');
  }

  async #connect(offer: FileOffer): Promise<void> {
    this.#enter('connect');
    this.facts.device = await this.#inTime(offer.connected, 'no_connection');
  }

  /** The idle time is each connection's own, so the whole takes as long as it takes. */
  async #transfer(offer: FileOffer): Promise<void> {
    this.#enter('transfer');
    const end = await this.#inTime(offer.ended);
    this.facts.device = end.device;
    this.facts.sent = end.sent;
    switch (end.end) {
      case 'delivered':
        this.facts.verified = 'delivered';
        return;
      case 'stalled':
        throw new GivenUp('stalled', 'it took no bytes');
      case 'interrupted':
        throw new GivenUp('interrupted', end.cause);
    }
  }

  /** The value, unless the push is cancelled or, where a code says what that means, its time runs out first. */
  async #inTime<T>(promise: Promise<T>, codeAtTimeout?: Code): Promise<T> {
    const limitMs = codeAtTimeout ? this.job.timeoutMs : Number.POSITIVE_INFINITY;
    const value = await within(promise, limitMs, this.cancellation);
    if (value === cancelled) throw new GivenUp('cancelled', this.cancellation.reason);
    if (value === timedOut) throw new GivenUp(codeAtTimeout ?? 'cancelled', `no answer within ${limitMs / 1000} s`);
    return value;
  }

  async #timed(duration: 'connect' | 'transfer', step: () => Promise<void>): Promise<void> {
    const startedAt = performance.now();
    try {
      await step();
    } finally {
      this.facts.durations[duration] = Math.round(performance.now() - startedAt);
    }
  }

  #enter(phase: Phase): void {
    this.facts.phase = phase;
    this.means.onPhase(phase);
  }

  /** What was seen that tells one cause from another, when the push is given up. */
  #seen(cause: string): Evidence {
    const { broker, ports } = this.means;
    const last = this.#offer?.last;
    this.facts.sent = Math.max(this.facts.sent, last?.sent ?? 0);
    this.facts.device ??= last?.device ?? null;
    return {
      hostKind: this.#hostKind,
      nobodySubscribed: this.#nobodySubscribed,
      timeoutMs: this.job.timeoutMs,
      broker: broker.name,
      brokerConnectsByItself: broker.connectsByItself,
      ports,
      refused: this.#offer?.refused ?? [],
      handedOver: last?.handedOver ?? false,
      cause,
    };
  }
}
