import { type Announcement, formatAnnouncement, formatSigned } from './announcement';
import { evidenceOf } from './evidence';
import type { FileOffer, OfferEnd } from './file-offer';
import type { AnnouncedHost, AnnouncementWatcher, Means, ReportWatcher, UnderWay } from './means';
import { type AttemptCode, failed, type Outcome, succeeded, type Verified } from './outcome';
import { Phases, type PhaseWatcher } from './phases';
import type { Report } from './report';
import { levelsToReach } from './verification';

/** Told once how a push ended. */
export interface PushWatcher {
  onOutcome(outcome: Outcome): void;
  onBug(bug: unknown): void;
}

/**
 * One attempt to push the file: announce, connect, transfer, verify.
 * Ends with an outcome, whatever others do. What it offers stays offered: a further attempt goes on with it.
 */
export function push(underWay: UnderWay, means: Means, watcher: PushWatcher): void {
  new Push(underWay, means, watcher).begin();
}

/**
 * Each step begins something and names the step that goes on from there. Callbacks, since a promise for each step is
 * what a small push would cost.
 */
class Push implements PhaseWatcher, AnnouncementWatcher, ReportWatcher {
  readonly #push: UnderWay;
  readonly #means: Means;
  readonly #watcher: PushWatcher;
  readonly #phases: Phases;
  readonly #onCancel = (reason: string) => this.#giveUp('cancelled', reason);
  #isOver = false;
  #opening: Promise<FileOffer> | undefined;
  #withdraw: () => void = ignore;
  #offline: AbortController | undefined;

  constructor(underWay: UnderWay, means: Means, watcher: PushWatcher) {
    const { facts, job, onPhase, offering } = underWay;
    this.#push = underWay;
    this.#means = means;
    this.#watcher = watcher;
    this.#phases = new Phases(facts, job.timeoutMs, onPhase, this);
    offering.verification.watcher = this;
  }

  begin(): void {
    const { cancellation, offering } = this.#push;
    cancellation.tell(this.#onCancel);
    const announce = () => {
      this.#phases.enter('announce');
      this.#whenOnline(() => (offering.offer ? this.#listening(offering.offer) : this.#findHost()));
    };
    this.#step<void>(announce)();
  }

  /** Nothing is handed to a client that is not connected (protocol 1.6). */
  #whenOnline(next: () => void): void {
    const { broker } = this.#means;
    if (broker.isOnline) {
      next();
      return;
    }
    this.#phases.enter('announce', { limit: 'broker_offline' });
    this.#offline = new AbortController();
    const online = () => {
      this.#phases.enter('announce');
      next();
    };
    broker.online(this.#offline.signal).then(this.#step(online), ignore);
  }

  #findHost(): void {
    const host = this.#means.host();
    if (host instanceof Promise) this.#await(host, (found) => this.#listen(found));
    else this.#listen(host);
  }

  /** Before the announcement is published: a device resets itself when the connection is refused (protocol 1.7). */
  #listen(host: AnnouncedHost): void {
    this.#push.offering.host = host;
    this.#opening = this.#means.offer(this.#push.job, this.#push.cancellation, this.#push.facts.port);
    this.#opening.then(
      this.#step((offer) => this.#listening(offer)),
      (error: unknown) => this.#giveUp('listen_failed', error),
    );
  }

  #listening(offer: FileOffer): void {
    const { facts, offering } = this.#push;
    // At another port than before it is another announcement.
    if (facts.port !== null && facts.port !== offer.port) offering.announcement = undefined;
    offering.offer = offer;
    facts.host = offering.host?.host ?? null;
    facts.port = offer.port;
    // A port may have been waited for: the broker may be gone meanwhile.
    this.#whenOnline(() => this.#offer(offer));
  }

  #offer(offer: FileOffer): void {
    const { offering, job } = this.#push;
    const announce = (text: string) => {
      offering.announcement = text;
      this.#announce(offer, text);
    };
    if (offering.announcement !== undefined) announce(offering.announcement);
    else if (job.key === undefined) announce(formatAnnouncement(this.#announcement()));
    else this.#await(this.#signed(job.key), announce);
  }

  #announcement(): Announcement {
    const { host, port } = this.#push.facts;
    const { filename, hash, reboot } = this.#push.job;
    return { host: host ?? '', port: port ?? 0, filename, hash, reboot };
  }

  /** With a counter that the device has not seen yet (protocol 6.4). */
  async #signed(key: string): Promise<string> {
    const { offering, job } = this.#push;
    offering.counter = await this.#means.counters.next(job.target);
    return formatSigned(this.#announcement(), { key, size: job.bytes.length, counter: offering.counter });
  }

  /** Until the broker has it, or the device shows that it has. */
  #announce(offer: FileOffer, text: string): void {
    // It may have come between two attempts, or say now that it has the file.
    if (this.#push.offering.verification.has('installed')) offer.confirm();
    if (!offer.isDelivered) this.#publish(text);
    offer.connected.tell(this.#step((device) => this.#transfer(offer, device)));
  }

  #publish(text: string): void {
    const { facts, job, offering } = this.#push;
    offering.announced += 1;
    this.#phases.limit({ duration: 'connect', limit: 'publish_failed' });
    this.#withdraw = this.#means.broker.announce(facts.topic, text, job.timeoutMs, this);
  }

  onAcknowledged(nobodySubscribed: boolean): void {
    const { facts, offering } = this.#push;
    offering.verification.hear();
    offering.nobodySubscribed = nobodySubscribed;
    if (facts.phase !== 'announce') return;
    this.#phases.enter('connect', { duration: 'connect', limit: 'no_connection' });
  }

  onFailed(error: Error): void {
    if (this.#push.facts.phase === 'announce') this.#giveUp('publish_failed', error);
  }

  onTimeout(code: AttemptCode, limitMs: number): void {
    this.#giveUp(code, `no answer within ${limitMs / 1000} s`);
  }

  /** The idle time is each connection's own, so the whole takes as long as it takes. */
  #transfer(offer: FileOffer, device: string): void {
    this.#push.facts.device = device;
    this.#phases.enter('transfer', { duration: 'transfer' });
    this.#push.offering.verification.hear();
    offer.ended.tell(this.#step((end) => this.#transferred(offer, end)));
  }

  #transferred(offer: FileOffer, end: OfferEnd): void {
    const { facts, offering, job } = this.#push;
    facts.device = end.device;
    facts.sent = end.sent;
    if (end.end === 'stalled') {
      this.#giveUp('stalled', 'it took no bytes');
    } else if (end.end === 'interrupted') {
      this.#giveUp('interrupted', end.cause);
    } else {
      facts.verified ??= 'delivered';
      offering.verification.delivered();
      // A signed one may have to be announced once more, with a newer counter.
      if (offering.announced === 1 && job.key === undefined) offer.close();
      this.#verify(levelsToReach(job, this.#means.reports.lastOf(job.target) !== undefined));
    }
  }

  /** Until the device has shown what was asked for. */
  #verify(levels: readonly Verified[]): void {
    const [level] = levels;
    if (level === undefined) {
      this.#succeed();
      return;
    }
    const limits = { limit: 'not_verified', limitMs: this.#push.job.verifyTimeoutMs } as const;
    if (this.#push.facts.phase !== 'verify') this.#phases.enter('verify', { duration: 'verify', ...limits });
    const reached = () => {
      this.#push.facts.verified = level;
      this.#verify(levels.slice(1));
    };
    this.#push.offering.verification.reached(level).tell(this.#step(reached));
  }

  /** A report on this push: good news moves it on, bad news ends it, whatever it is waiting for. */
  onReport(report: Report): void {
    const { facts, offering } = this.#push;
    if (this.#isOver || this.#isOfBefore(report)) return;
    facts.report = report;
    if (report.state === 'installed' || report.state === 'running') {
      facts.verified = report.state;
      offering.offer?.confirm();
    } else if (report.error === 'replayed' && report.counter !== undefined && !offering.hasGoneOn) {
      void this.#announceAgain(report.counter);
    } else {
      this.#giveUp('rejected', report.error ?? report.state);
    }
  }

  /** A board says again at each start that it took a file back, and what it could not say while it was away. */
  #isOfBefore({ state, error, counter }: Report): boolean {
    const { facts, offering } = this.#push;
    if (state === 'rolled_back') return facts.verified === null;
    if (error === 'replayed') return counter !== undefined && counter < offering.counter;
    const isOfItsConnection = error === 'connect_failed' || error === 'timed_out';
    return isOfItsConnection && facts.attempts > 1 && !offering.offer?.isFetched;
  }

  /** Our counter was lost, or another sender's is ahead: goes on from the device's own (protocol 6.4). */
  async #announceAgain(counter: number): Promise<void> {
    const { offering, job } = this.#push;
    offering.hasGoneOn = true;
    offering.counter = counter + 1;
    try {
      const isBelievable = await this.#means.counters.goOnFrom(job.target, counter);
      if (isBelievable && job.key !== undefined) {
        offering.announcement = await this.#signed(job.key);
        this.#phases.enter('announce');
        if (!this.#isOver) this.#publish(offering.announcement);
      } else {
        this.#giveUp('rejected', 'replayed');
      }
    } catch (error) {
      this.#bug(error);
    }
  }

  /** A step that is begun by others: not once the push is over, and what goes wrong in it is told to who waits for it. */
  #step<T>(step: (value: T) => void): (value: T) => void {
    return (value) => {
      if (this.#isOver) return;
      try {
        step(value);
      } catch (error) {
        this.#bug(error);
      }
    };
  }

  #await<T>(promise: Promise<T>, step: (value: T) => void): void {
    promise.then(this.#step(step), (error: unknown) => this.#bug(error));
  }

  #succeed(): void {
    this.#end();
    this.#watcher.onOutcome(succeeded(this.#push.facts));
  }

  /** Ends the push, whatever step it waits in. */
  #giveUp(code: AttemptCode, cause: unknown): void {
    if (this.#isOver) return;
    this.#end();
    const { facts, offering, job } = this.#push;
    const text = cause instanceof Error ? cause.message : String(cause);
    const fail = (offer = offering.offer) => {
      offering.offer = offer;
      facts.sent = Math.max(facts.sent, offer?.last?.sent ?? 0);
      facts.device ??= offer?.last?.device ?? null;
      this.#watcher.onOutcome(failed(facts, code, evidenceOf(job, this.#means, offering, text)));
    };
    // A port that is about to be opened has to be closed too.
    if (offering.offer || !this.#opening) fail();
    else this.#opening.then(fail, () => fail());
  }

  #bug(error: unknown): void {
    this.#end();
    this.#watcher.onBug(error);
  }

  /** Whatever the push has begun ends with it. */
  #end(): void {
    this.#isOver = true;
    this.#push.cancellation.forget(this.#onCancel);
    this.#phases.end();
    this.#offline?.abort();
    this.#withdraw();
  }
}

function ignore(): void {
  // Nothing to be done.
}
