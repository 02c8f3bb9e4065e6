import type { Evidence } from './advice';
import { formatAnnouncement } from './announcement';
import type { Cancellation } from './cancellation';
import { deferred } from './deferred';
import type { FileOffer } from './file-offer';
import type { Announced, AnnouncedHost, Job, Means } from './means';
import { type Code, failed, type Outcome, type Phase, type PushFacts, succeeded } from './outcome';

/** Pushes the file: announce, connect, transfer. Ends with an outcome and never throws, whatever others do. */
export function push(
  job: Job,
  facts: PushFacts,
  means: Means,
  onPhase: (phase: Phase) => void,
  cancellation: Cancellation,
): Promise<Outcome> {
  return new Push(job, facts, means, onPhase, cancellation).run();
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
  /** Settled by the last step, or by whatever ends the push while a step waits, which is then left alone. */
  readonly #decided = deferred<void>();
  #isOver = false;
  #host: AnnouncedHost | undefined;
  #opening: Promise<FileOffer> | undefined;
  #offer: FileOffer | undefined;
  #announced: Announced | undefined;
  #nobodySubscribed = false;
  #timer: NodeJS.Timeout | undefined;
  #codeAtTimeout: Code = 'no_connection';
  #waiting: AbortController | undefined;
  #clock: { readonly duration: 'connect' | 'transfer'; readonly startedAt: number } | undefined;

  constructor(
    readonly job: Job,
    readonly facts: PushFacts,
    readonly means: Means,
    readonly onPhase: (phase: Phase) => void,
    readonly cancellation: Cancellation,
  ) {}

  async run(): Promise<Outcome> {
    this.cancellation.onCancel((reason) => this.#giveUp('cancelled', reason));
    try {
      if (!this.cancellation.reason) this.#steps().then(this.#decided.resolve, this.#decided.reject);
      await this.#decided.promise;
      this.#end();
      this.#offer?.close();
      return succeeded(this.facts);
    } catch (error) {
      this.#end();
      // A port that is about to be opened has to be closed too.
      this.#offer ??= await this.#opening?.catch(() => undefined);
      this.#offer?.reset();
      if (!(error instanceof GivenUp)) throw error;
      return failed(this.facts, error.code, this.#seen(error.message));
    }
  }

  async #steps(): Promise<void> {
    await this.#brokerOnline();
    const offer = await this.#listen();
    this.#stopIfOver();
    // A port may have been waited for: the broker may be gone meanwhile.
    if (!this.means.broker.isOnline) await this.#brokerOnline();
    this.#announce(offer);
    this.facts.device = await offer.connected;
    this.#noLimit();
    await this.#transfer(offer);
  }

  /** Nothing is handed to a client that is not connected (protocol 1.6). */
  async #brokerOnline(): Promise<void> {
    const { broker } = this.means;
    this.#enter('announce');
    if (broker.isOnline) return;
    this.#waiting = new AbortController();
    this.#limit('broker_offline');
    await broker.online(this.#waiting.signal);
    this.#noLimit();
  }

  /** Before the announcement is published: a device resets itself when the connection is refused (protocol 1.7). */
  async #listen(): Promise<FileOffer> {
    const { facts, means, job, cancellation } = this;
    const host = means.host();
    this.#host = host instanceof Promise ? await host : host;
    this.#stopIfOver();
    this.#opening = means.offer(job, cancellation);
    const offer = await this.#opening.catch((error: unknown) => {
      throw new GivenUp('listen_failed', error);
    });
    this.#offer = offer;
    facts.host = this.#host.host;
    facts.port = offer.port;
    return offer;
  }

  /** Until the broker has it, or the device shows that it has. */
  #announce(offer: FileOffer): void {
    this.#stopIfOver();
    const { means, facts } = this;
    const { filename, hash, reboot, timeoutMs } = this.job;
    const text = formatAnnouncement({ host: facts.host ?? '', port: offer.port, filename, hash, reboot });
    this.#announced = means.broker.announce(facts.topic, text, timeoutMs);
    this.#enter('announce', 'connect');
    this.#limit('publish_failed');
    this.#announced.acknowledged.then(
      ({ nobodySubscribed }) => {
        this.#nobodySubscribed = nobodySubscribed;
        if (facts.phase === 'announce') this.#awaitConnection();
      },
      (error: unknown) => {
        if (facts.phase === 'announce') this.#giveUp('publish_failed', error);
      },
    );
  }

  #awaitConnection(): void {
    this.#enter('connect', 'connect');
    this.#limit('no_connection');
  }

  /** The idle time is each connection's own, so the whole takes as long as it takes. */
  async #transfer(offer: FileOffer): Promise<void> {
    this.#enter('transfer', 'transfer');
    const end = await offer.ended;
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

  /** A step that was left alone goes no further. */
  #stopIfOver(): void {
    if (this.#isOver) throw new Error('the push is over');
  }

  /** Ends the push, whatever step it waits in. */
  #giveUp(code: Code, cause: unknown): void {
    this.#decided.reject(new GivenUp(code, cause));
  }

  /** Gives up with this code when nothing else happens for the job's timeout. */
  #limit(code: Code): void {
    if (this.#isOver) return;
    const { timeoutMs } = this.job;
    const giveUp = () => this.#giveUp(this.#codeAtTimeout, `no answer within ${timeoutMs / 1000} s`);
    this.#codeAtTimeout = code;
    this.#timer = this.#timer?.refresh() ?? setTimeout(giveUp, timeoutMs);
  }

  #noLimit(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Enters a phase, whose time counts for this duration. */
  #enter(phase: Phase, duration?: 'connect' | 'transfer'): void {
    if (this.#isOver) return;
    this.#stopClock();
    this.#clock = duration && { duration, startedAt: performance.now() };
    this.facts.phase = phase;
    this.onPhase(phase);
  }

  #stopClock(): void {
    if (!this.#clock) return;
    const { duration, startedAt } = this.#clock;
    this.facts.durations[duration] += Math.round(performance.now() - startedAt);
    this.#clock = undefined;
  }

  /** Whatever the push has begun ends with it. */
  #end(): void {
    this.#isOver = true;
    this.#stopClock();
    this.#noLimit();
    this.#waiting?.abort();
    this.#announced?.withdraw();
  }

  /** What was seen that tells one cause from another, when the push is given up. */
  #seen(cause: string): Evidence {
    const { broker, portsText } = this.means;
    const last = this.#offer?.last;
    this.facts.sent = Math.max(this.facts.sent, last?.sent ?? 0);
    this.facts.device ??= last?.device ?? null;
    return {
      hostKind: this.#host?.kind ?? 'own',
      nobodySubscribed: this.#nobodySubscribed,
      timeoutMs: this.job.timeoutMs,
      broker: broker.name,
      brokerConnectsByItself: broker.connectsByItself,
      ports: portsText,
      refused: this.#offer?.refused ?? [],
      handedOver: last?.handedOver ?? false,
      cause,
    };
  }
}
