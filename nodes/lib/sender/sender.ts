import { Cancellation } from '../push/cancellation';
import { FileOffer } from '../push/file-offer';
import type { Counters, Job, Means } from '../push/means';
import { newFacts, type Outcome, type Phase } from '../push/outcome';
import { push } from '../push/push';
import { SendQueues } from '../push/send-queues';
import type { IsAllowed } from './allow';
import { Host, type HostOptions } from './host';
import { Places } from './places';
import type { Ports } from './ports';
import { Reports } from './reports';
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

/** A push that waits or is under way. */
export interface PushUnderWay {
  readonly target: string;
  readonly outcome: Promise<Outcome>;
  /** Ends it as `cancelled`; the reason completes "was cancelled: …". */
  cancel(reason: string): void;
}

/** Many pushes from one machine: one per device at a time, so many at once, each on a port of its own. */
export class Sender {
  readonly #topic: string;
  readonly #means: Means;
  readonly #turns = new Turns();
  readonly #places: Places;
  readonly #queues = new SendQueues();
  readonly #reports: Reports;
  readonly #pushes = new Map<Cancellation, Promise<Outcome>>();
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
      offer: ({ bytes, timeoutMs }, cancellation) =>
        FileOffer.open({
          bytes,
          idleMs: timeoutMs,
          queues: this.#queues,
          isAllowed,
          listen: (server) => ports.listen(server, cancellation),
          offers: this.#offers,
        }),
    };
  }

  /** Pushes the file when its turn has come; the outcome never rejects, whatever others do. */
  push(job: Job, onPhase: (phase: Phase) => void = () => undefined): PushUnderWay {
    const cancellation = new Cancellation();
    if (this.#isClosed) cancellation.cancel(stopped);
    const outcome = this.#run(job, onPhase, cancellation);
    this.#pushes.set(cancellation, outcome);
    return { target: job.target, outcome, cancel: (reason) => cancellation.cancel(reason) };
  }

  /** Cancels every push and breaks every connection off. Resolves when no port, socket or timer is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const outcomes = [...this.#pushes.values()];
    for (const cancellation of this.#pushes.keys()) cancellation.cancel(stopped);
    await Promise.allSettled(outcomes);
    const offers = [...this.#offers];
    for (const offer of offers) offer.reset();
    await Promise.all(offers.map((offer) => offer.closed()));
    this.#queues.close();
    this.#reports.close();
  }

  async #run(job: Job, onPhase: (phase: Phase) => void, cancellation: Cancellation): Promise<Outcome> {
    const startedAt = performance.now();
    const facts = newFacts(job, this.#topic.replace('{target}', job.target));
    onPhase('queued');
    // Awaited only where they have to be waited for: a promise each is a part of a small push's cost.
    const turn = this.#turns.take(job.target, cancellation);
    const leaveTurn = turn instanceof Promise ? await turn : turn;
    const place = this.#places.take(cancellation);
    const leavePlace = place instanceof Promise ? await place : place;
    facts.durations.queued = Math.round(performance.now() - startedAt);
    try {
      return await push(job, facts, this.#means, onPhase, cancellation);
    } finally {
      leavePlace();
      leaveTurn();
      this.#pushes.delete(cancellation);
      facts.durations.total = Math.round(performance.now() - startedAt);
    }
  }
}

const stopped = 'the OTA server was stopped';
