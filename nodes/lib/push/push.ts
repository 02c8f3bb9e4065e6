import type { Evidence } from './advice';
import { formatAnnouncement, formatSigned } from './announcement';
import type { Cancellation } from './cancellation';
import { deferred } from './deferred';
import type { FileOffer } from './file-offer';
import type { Announced, AnnouncedHost, Job, Means, Offering } from './means';
import {
  type AttemptCode,
  failed,
  type Outcome,
  type Phase,
  type PushFacts,
  succeeded,
  type Verified,
} from './outcome';
import { Phases } from './phases';
import type { Report } from './report';
import { levelsToReach } from './verification';

/**
 * One attempt to push the file: announce, connect, transfer, verify.
 * Ends with an outcome and never throws, whatever others do. What it offers stays offered: a further attempt goes on with it.
 */
export function push(
  job: Job,
  facts: PushFacts,
  means: Means,
  offering: Offering,
  onPhase: (phase: Phase) => void,
  cancellation: Cancellation,
): Promise<Outcome> {
  return new Push(job, facts, means, offering, onPhase, cancellation).run();
}

/** Ends a push before its time. */
class GivenUp extends Error {
  constructor(
    readonly code: AttemptCode,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

class Push {
  /** Settled by the last step, or by whatever ends the push while a step waits, which is then left alone. */
  readonly #decided = deferred<void>();
  readonly #phases: Phases;
  readonly #onCancel = (reason: string) => this.#giveUp('cancelled', reason);
  #isOver = false;
  #host: AnnouncedHost | undefined;
  #opening: Promise<FileOffer> | undefined;
  #announced: Announced | undefined;
  #nobodySubscribed = false;
  #waiting: AbortController | undefined;

  constructor(
    readonly job: Job,
    readonly facts: PushFacts,
    readonly means: Means,
    readonly offering: Offering,
    onPhase: (phase: Phase) => void,
    readonly cancellation: Cancellation,
  ) {
    const onTimeout = (code: AttemptCode, ms: number) => this.#giveUp(code, `no answer within ${ms / 1000} s`);
    this.#phases = new Phases(facts, job.timeoutMs, onPhase, onTimeout);
    offering.verification.onReport = (report) => this.#onReport(report);
  }

  async run(): Promise<Outcome> {
    this.cancellation.onCancel(this.#onCancel);
    try {
      if (!this.cancellation.reason) this.#steps().then(this.#decided.resolve, this.#decided.reject);
      await this.#decided.promise;
      this.#end();
      return succeeded(this.facts);
    } catch (error) {
      this.#end();
      // A port that is about to be opened has to be closed too.
      this.offering.offer ??= await this.#opening?.catch(() => undefined);
      if (!(error instanceof GivenUp)) throw error;
      return failed(this.facts, error.code, this.#seen(error.message));
    }
  }

  /** Awaits only what takes time: each promise is a part of a small push's cost. */
  async #steps(): Promise<void> {
    const { means, offering, facts, job } = this;
    this.#phases.enter('announce');
    if (!means.broker.isOnline) await this.#brokerOnline();
    const offer = offering.offer ?? (await this.#listen());
    this.#stopIfOver();
    // A port may have been waited for: the broker may be gone meanwhile.
    if (!means.broker.isOnline) await this.#brokerOnline();
    offering.announcement ??= job.key === undefined ? this.#basicText() : await this.#signedText(job.key);
    // It may have come between two attempts, or say now that it has the file.
    if (offering.verification.has('installed')) offer.confirm();
    if (!offer.isDelivered) this.#announce(offering.announcement);
    facts.device = await offer.connected;
    await this.#transfer(offer);
    offering.verification.delivered();
    const levels = levelsToReach(job, means.reports.lastOf(job.target) !== undefined);
    if (levels.length > 0) await this.#verify(levels);
  }

  /** Nothing is handed to a client that is not connected (protocol 1.6). */
  async #brokerOnline(): Promise<void> {
    this.#phases.enter('announce', { limit: 'broker_offline' });
    this.#waiting = new AbortController();
    await this.means.broker.online(this.#waiting.signal);
    this.#phases.noLimit();
  }

  /** Before the announcement is published: a device resets itself when the connection is refused (protocol 1.7). */
  async #listen(): Promise<FileOffer> {
    const { facts, means, job, cancellation } = this;
    const host = means.host();
    this.#host = host instanceof Promise ? await host : host;
    this.#stopIfOver();
    try {
      this.#opening = means.offer(job, cancellation, facts.port);
      const offer = await this.#opening;
      // At another port than before it is another announcement.
      if (facts.port !== null && facts.port !== offer.port) this.offering.announcement = undefined;
      this.offering.offer = offer;
      facts.host = this.#host.host;
      facts.port = offer.port;
      return offer;
    } catch (error) {
      throw new GivenUp('listen_failed', error);
    }
  }

  #basicText(): string {
    const { host, port } = this.facts;
    const { filename, hash, reboot } = this.job;
    return formatAnnouncement({ host: host ?? '', port: port ?? 0, filename, hash, reboot });
  }

  /** With a counter that the device has not seen yet (protocol 6.4). */
  async #signedText(key: string): Promise<string> {
    const { host, port } = this.facts;
    const { filename, hash, reboot, target, bytes } = this.job;
    const counter = await this.means.counters.next(target);
    this.offering.counter = counter;
    const announcement = { host: host ?? '', port: port ?? 0, filename, hash, reboot };
    return formatSigned(announcement, { key, size: bytes.length, counter });
  }

  /** Until the broker has it, or the device shows that it has. */
  #announce(text: string): void {
    this.#stopIfOver();
    const { means, facts } = this;
    this.offering.announced += 1;
    const announced = means.broker.announce(facts.topic, text, this.job.timeoutMs, () =>
      this.offering.verification.hear(),
    );
    this.#announced = announced;
    this.#phases.enter('announce', { duration: 'connect', limit: 'publish_failed' });
    announced.acknowledged.then(
      ({ nobodySubscribed }) => {
        this.#nobodySubscribed = nobodySubscribed;
        if (facts.phase === 'announce') this.#phases.enter('connect', { duration: 'connect', limit: 'no_connection' });
      },
      (error: unknown) => {
        if (facts.phase === 'announce') this.#giveUp('publish_failed', error);
      },
    );
  }

  /** The idle time is each connection's own, so the whole takes as long as it takes. */
  async #transfer(offer: FileOffer): Promise<void> {
    const { facts } = this;
    this.#phases.enter('transfer', { duration: 'transfer' });
    this.offering.verification.hear();
    const end = await offer.ended;
    facts.device = end.device;
    facts.sent = end.sent;
    if (end.end === 'stalled') throw new GivenUp('stalled', 'it took no bytes');
    if (end.end === 'interrupted') throw new GivenUp('interrupted', end.cause);
    facts.verified ??= 'delivered';
    // A signed one may have to be announced once more, with a newer counter.
    if (this.offering.announced === 1 && this.job.key === undefined) offer.close();
  }

  /** Until the device has shown what was asked for. */
  async #verify(levels: readonly Verified[]): Promise<void> {
    const { verifyTimeoutMs } = this.job;
    this.#phases.enter('verify', { duration: 'verify', limit: 'not_verified', limitMs: verifyTimeoutMs });
    for (const level of levels) {
      await this.offering.verification.reached(level);
      this.facts.verified = level;
    }
  }

  /** A report on this push: good news moves it on, bad news ends it, whatever it is waiting for. */
  #onReport(report: Report): void {
    const { facts, offering } = this;
    if (this.#isOver || this.#isOfBefore(report)) return;
    facts.report = report;
    if (report.state === 'installed' || report.state === 'running') {
      facts.verified = report.state;
      offering.offer?.confirm();
    } else if (report.error === 'replayed' && report.counter !== undefined && !offering.hasGoneOn) {
      void this.#goOn(report.counter);
    } else {
      this.#giveUp('rejected', report.error ?? report.state);
    }
  }

  /** A board says again at each start that it took a file back, and what it could not say while it was away. */
  #isOfBefore({ state, error, counter }: Report): boolean {
    const { facts, offering } = this;
    if (state === 'rolled_back') return facts.verified === null;
    if (error === 'replayed') return counter !== undefined && counter < offering.counter;
    const isOfItsConnection = error === 'connect_failed' || error === 'timed_out';
    return isOfItsConnection && facts.attempts > 1 && !offering.offer?.isFetched;
  }

  /** Our counter was lost, or another sender's is ahead: announces once more, from the device's own (protocol 6.4). */
  async #goOn(counter: number): Promise<void> {
    const { offering, job, means } = this;
    offering.hasGoneOn = true;
    offering.counter = counter + 1;
    try {
      const isBelievable = await means.counters.goOnFrom(job.target, counter);
      if (!isBelievable || job.key === undefined) throw new GivenUp('rejected', 'replayed');
      offering.announcement = await this.#signedText(job.key);
      this.#announce(offering.announcement);
    } catch (error) {
      this.#decided.reject(error as Error);
    }
  }

  /** A step that was left alone goes no further. */
  #stopIfOver(): void {
    if (this.#isOver) throw new Error('the push is over');
  }

  /** Ends the push, whatever step it waits in. */
  #giveUp(code: AttemptCode, cause: unknown): void {
    this.#decided.reject(new GivenUp(code, cause));
  }

  /** Whatever the push has begun ends with it. */
  #end(): void {
    this.#isOver = true;
    this.cancellation.forget(this.#onCancel);
    this.#phases.end();
    this.#waiting?.abort();
    this.#announced?.withdraw();
  }

  /** What was seen that tells one cause from another, when the push is given up. */
  #seen(cause: string): Evidence {
    const { broker, portsText } = this.means;
    const last = this.offering.offer?.last;
    this.facts.sent = Math.max(this.facts.sent, last?.sent ?? 0);
    this.facts.device ??= last?.device ?? null;
    return {
      hostKind: this.#host?.kind ?? 'own',
      nobodySubscribed: this.#nobodySubscribed,
      timeoutMs: this.job.timeoutMs,
      verify: this.job.verify.level,
      verifyTimeoutMs: this.job.verifyTimeoutMs,
      isSigned: this.job.key !== undefined,
      broker: broker.name,
      brokerConnectsByItself: broker.connectsByItself,
      ports: portsText,
      refused: this.offering.offer?.refused ?? [],
      handedOver: last?.handedOver ?? false,
      cause,
    };
  }
}
