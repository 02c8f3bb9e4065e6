import { Cancellation } from '../push/cancellation';
import { FileOffer } from '../push/file-offer';
import type { Counters, Job, Means, Memory, Offering } from '../push/means';
import { type Doing, neverAwake, newFacts, type Outcome, type PushFacts, unchanged } from '../push/outcome';
import { SendQueues } from '../push/send-queues';
import { Verification } from '../push/verification';
import type { IsAllowed } from './allow';
import { pushWithRetries, type UnderWay } from './attempts';
import { Host, type HostOptions } from './host';
import { Places } from './places';
import type { Ports } from './ports';
import { Reports } from './reports';
import { Sleepers } from './sleepers';
import { Turns } from './turns';

export interface SenderOptions extends HostOptions {
  /** The announcement's topic; `{target}` stands for the hostname. */
  readonly topic: string;
  readonly ports: Ports;
  /** As configured, for people. */
  readonly portsText: string;
  readonly isAllowed: IsAllowed;
  /** Pushes under way at once. */
  readonly concurrency: number;
  readonly counters: Counters;
}

/** Whoever wants to know more of a push than its end. */
export interface PushHooks {
  readonly onPhase?: (doing: Doing) => void;
  /** Told when its turn has come, with a way to ask from then on what is known of it. */
  readonly onTurn?: ((snapshot: () => Readonly<PushFacts>) => void) | undefined;
  /** What devices were given before: they are not given the same again. */
  readonly memory?: Memory | undefined;
}

/** Many pushes from one machine: one per device at a time, so many at once, each on a port of its own. */
export class Sender {
  readonly #topic: string;
  readonly #means: Means;
  readonly #turns = new Turns();
  readonly #places: Places;
  readonly #sleepers = new Sleepers();
  readonly #queues = new SendQueues();
  readonly #reports: Reports;
  readonly #pushes = new Set<Cancellation>();
  #onIdle: () => void = () => undefined;
  /** Outlive their push while someone is still being served. */
  readonly #offers = new Set<FileOffer>();
  #isClosed = false;

  constructor(options: SenderOptions) {
    const { broker, topic, ports, portsText, isAllowed, concurrency, counters } = options;
    const host = new Host(options);
    this.#topic = topic;
    this.#places = new Places(Math.min(concurrency, ports.size));
    this.#reports = new Reports(broker, topic);
    this.#means = {
      broker,
      portsText,
      reports: this.#reports,
      counters,
      host: () => host.get(),
      offer: ({ bytes, timeoutMs }, cancellation, port) =>
        FileOffer.open({
          bytes,
          idleMs: timeoutMs,
          queues: this.#queues,
          isAllowed,
          listen: (server) => ports.listen(server, cancellation, port),
          offers: this.#offers,
        }),
    };
  }

  /** Pushes the file when its turn has come, unless it is cancelled; the outcome never rejects, whatever others do. */
  async push(
    job: Job,
    cancellation = new Cancellation(),
    { onPhase = () => undefined, onTurn, memory }: PushHooks = {},
  ): Promise<Outcome> {
    const startedAt = performance.now();
    const facts = newFacts(
      job,
      this.#topic.replace('{target}', () => job.target),
    );
    this.#pushes.add(cancellation);
    if (this.#isClosed) cancellation.cancel(stopped);
    onPhase('queued');
    // Awaited only where they have to be waited for: a promise each is a part of a small push's cost.
    const turn = this.#sleepers.supersede(job) || this.#turns.take(job.target, cancellation);
    let hasTurn = turn === true || (await turn);
    const offering = newOffering(new Verification(job, this.#means));
    try {
      const before = memory && (await memory.unchanged(job, this.#reports.lastOf(job.target)));
      if (before && !cancellation.reason) return unchanged(facts, before);
      onTurn?.(() => ({ ...facts, sent: Math.max(facts.sent, offering.offer?.last?.sent ?? 0) }));
      const underWay = { job, facts, offering, onPhase, cancellation, startedAt };
      const outcome =
        job.wake && !cancellation.reason
          ? await this.#pushToSleeper(underWay, job.wake)
          : await pushWithRetries(underWay, this.#means, this.#places);
      // Whoever took the place of this one has its turn too.
      if (outcome.code === 'superseded') hasTurn = false;
      if (memory) await memory.note(outcome);
      return outcome;
    } finally {
      offering.verification.close();
      if (hasTurn) this.#turns.leave(job.target);
      facts.durations.total = Math.round(performance.now() - startedAt);
      this.#pushes.delete(cancellation);
      if (this.#pushes.size === 0) this.#onIdle();
    }
  }

  /** Holds its turn, but no port and no place, until the device speaks; and again where it did not come after all. */
  async #pushToSleeper(underWay: UnderWay, { topic, waitMs }: NonNullable<Job['wake']>): Promise<Outcome> {
    const { job, facts, onPhase, cancellation } = underWay;
    const until = performance.now() + waitMs;
    for (;;) {
      facts.phase = 'waiting';
      onPhase('waiting');
      const waking = await this.#sleepers.wait(job, topic, until, this.#means.broker, cancellation);
      if (waking !== 'awake') return neverAwake(facts, waking, { topic, waitMs, reason: cancellation.reason });
      const outcome = await pushWithRetries(underWay, this.#means, this.#places);
      if (outcome.code !== 'no_connection' || performance.now() >= until) return outcome;
    }
  }

  /** Cancels every push and breaks every connection off. Resolves when no port, socket or timer is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    for (const push of this.#pushes) push.cancel(stopped);
    if (this.#pushes.size > 0) await idle;
    const offers = [...this.#offers];
    for (const offer of offers) offer.reset();
    await Promise.all(offers.map((offer) => offer.closed()));
    this.#queues.close();
    this.#reports.close();
  }
}

function newOffering(verification: Verification): Offering {
  return { offer: undefined, announcement: undefined, counter: 0, hasGoneOn: false, announced: 0, verification };
}

const stopped = 'the OTA server was stopped';
