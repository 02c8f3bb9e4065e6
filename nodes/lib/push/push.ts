import { basicText, signedText } from './announcing';
import { evidenceOf } from './evidence';
import type { FileOffer, OfferEnd } from './file-offer';
import type { AnnouncedHost, AnnouncementWatcher, Means, ReportWatcher, UnderWay } from './means';
import { type AttemptCode, failed, type Outcome, succeeded, type Verified } from './outcome';
import { Phases, type PhaseWatcher } from './phases';
import { replyOf } from './reply';
import type { Report } from './report';
import { Steps } from './steps';
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
class Push extends Steps implements PhaseWatcher, AnnouncementWatcher, ReportWatcher {
  readonly #push: UnderWay;
  readonly #means: Means;
  readonly #watcher: PushWatcher;
  readonly #phases: Phases;
  readonly #onCancel = (reason: string) => this.#giveUp('cancelled', reason);
  #opening: Promise<FileOffer> | undefined;
  #withdraw: () => void = ignore;
  #offline: AbortController | undefined;

  constructor(underWay: UnderWay, means: Means, watcher: PushWatcher) {
    super();
    const { facts, job, onPhase, offering } = underWay;
    this.#push = underWay;
    this.#means = means;
    this.#watcher = watcher;
    this.#phases = new Phases(facts, job.timeoutMs, onPhase, this);
    offering.verification.watcher = this;
  }

  begin(): void {
    const { cancellation, offering } = this.#push;
    cancellation.whenHappened(this.#onCancel);
    const announce = () => {
      this.#phases.enter('announce');
      this.#whenOnline(() => (offering.offer ? this.#listening(offering.offer) : this.#findHost()));
    };
    this.step<void>(announce)();
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
    broker.online(this.#offline.signal).then(this.step(online), ignore);
  }

  #findHost(): void {
    const host = this.#means.host();
    if (host instanceof Promise) this.await(host, (found) => this.#listen(found));
    else this.#listen(host);
  }

  /** Before the announcement is published: a device resets itself when the connection is refused (protocol 1.7). */
  #listen(host: AnnouncedHost): void {
    this.#push.offering.host = host;
    this.#opening = this.#means.offer(this.#push.job, this.#push.cancellation, this.#push.facts.port);
    this.#opening.then(
      this.step((offer) => this.#listening(offer)),
      (error: unknown) => this.#giveUp('listen_failed', error),
    );
  }

  #listening(offer: FileOffer): void {
    const { facts, offering } = this.#push;
    const host = offering.host?.host ?? null;
    // At another host or port than before it is another announcement.
    if (facts.port !== null && (facts.port !== offer.port || facts.host !== host)) offering.announcement = undefined;
    offering.offer = offer;
    facts.host = host;
    facts.port = offer.port;
    // A port may have been waited for: the broker may be gone meanwhile.
    this.#whenOnline(() => this.#writeAnnouncement(offer));
  }

  #writeAnnouncement(offer: FileOffer): void {
    const { offering, job } = this.#push;
    const announce = (text: string) => {
      offering.announcement = text;
      this.#announce(offer, text);
    };
    if (offering.announcement !== undefined) announce(offering.announcement);
    else if (job.key === undefined) announce(basicText(this.#push));
    else this.await(signedText(this.#push, job.key, this.#means.counters), announce);
  }

  /** Until the broker has it, or the device shows that it has. */
  #announce(offer: FileOffer, text: string): void {
    // It may have come between two attempts, or say now that it has the file.
    if (this.#push.offering.verification.has('installed')) offer.confirm();
    if (!offer.isDelivered) this.#publish(text);
    offer.connected.whenHappened(this.step((device) => this.#transfer(offer, device)));
  }

  #publish(text: string): void {
    const { facts, job, offering } = this.#push;
    offering.announced += 1;
    if (facts.phase === 'announce') this.#phases.limit({ duration: 'connect', limit: 'publish_failed' });
    this.#withdraw = this.#means.broker.announce(facts.topic, text, job.timeoutMs, this);
  }

  onAcknowledged(nobodySubscribed: boolean): void {
    const { facts, offering } = this.#push;
    const acknowledged = () => {
      offering.verification.hear();
      offering.nobodySubscribed = nobodySubscribed;
      if (facts.phase !== 'announce') return;
      this.#phases.enter('connect', { duration: 'connect', limit: 'no_connection' });
    };
    this.step<void>(acknowledged)();
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
    offer.ended.whenHappened(this.step((end) => this.#transferred(offer, end)));
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
    this.#push.offering.verification.reached(level).whenHappened(this.step(reached));
  }

  /** A report on this push: good news moves it on, bad news ends it, whatever it is waiting for. */
  onReport(report: Report): void {
    this.step<void>(() => this.#hear(report))();
  }

  #hear(report: Report): void {
    const reply = replyOf(report, this.#push);
    if (reply === 'old') return;
    this.#push.facts.report = report;
    if (reply === 'installed') this.#installed(report.state === 'running' ? 'running' : 'installed');
    else if (reply === 'behind') void this.#announceAgain(report.counter ?? 0);
    else this.#giveUp('rejected', report.error ?? report.state);
  }

  #installed(level: Verified): void {
    this.#push.facts.verified = level;
    this.#push.offering.offer?.confirm();
  }

  /** Our counter was lost, or another sender's is ahead: goes on from the device's own (protocol 6.4). */
  async #announceAgain(counter: number): Promise<void> {
    const { facts, offering, job } = this.#push;
    offering.hasGoneOn = true;
    offering.counter = counter + 1;
    try {
      const isBelievable = await this.#means.counters.goOnFrom(job.target, counter);
      if (isBelievable && job.key !== undefined) {
        offering.announcement = await signedText(this.#push, job.key, this.#means.counters);
        // Somebody may be fetching the file already: then no connection is waited for.
        if (facts.phase !== 'transfer') this.#phases.enter('announce');
        if (!this.isOver) this.#publish(offering.announcement);
      } else {
        this.#giveUp('rejected', 'replayed');
      }
    } catch (bug) {
      this.step<void>(() => this.endWith(bug))();
    }
  }

  #succeed(): void {
    this.#end();
    this.#watcher.onOutcome(succeeded(this.#push.facts));
  }

  /** Ends the push, whatever step it waits in. */
  #giveUp(code: AttemptCode, cause: unknown): void {
    const text = cause instanceof Error ? cause.message : String(cause);
    const giveUp = () => {
      this.#end();
      this.#afterOpening(() => this.#fail(code, text));
    };
    this.step<void>(giveUp)();
  }

  #fail(code: AttemptCode, cause: string): void {
    const { facts, offering, job } = this.#push;
    const last = offering.offer?.last;
    facts.sent = Math.max(facts.sent, last?.sent ?? 0);
    facts.device ??= last?.device ?? null;
    this.#watcher.onOutcome(failed(facts, code, evidenceOf(job, this.#means, offering, cause)));
  }

  protected override endWith(bug: unknown): void {
    this.#end();
    this.#afterOpening(() => this.#watcher.onBug(bug));
  }

  /** A port that is about to be opened has to be closed too. */
  #afterOpening(tell: () => void): void {
    const { offering } = this.#push;
    if (offering.offer || !this.#opening) {
      tell();
      return;
    }
    const opened = this.#opening.then((offer) => {
      offering.offer = offer;
    }, ignore);
    opened.then(tell).catch((bug: unknown) => this.#watcher.onBug(bug));
  }

  /** Whatever the push has begun ends with it. */
  #end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#push.cancellation.forget(this.#onCancel);
    this.#phases.end();
    this.#offline?.abort();
    this.#withdraw();
  }
}

function ignore(): void {
  // Nothing to be done.
}
