import { Cancellation } from '../push/cancellation';
import { FileOffer } from '../push/file-offer';
import type { Counters, Job, Memory } from '../push/means';
import type { Doing, Outcome } from '../push/outcome';
import type { Report } from '../push/report';
import { SendQueues } from '../push/send-queues';
import type { IsAllowed } from './allow';
import { asOne, pushInOrder, type SenderMeans, type Snapshot } from './files-in-order';
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
  /** Told when the device's turn is another push's, which may take days. */
  readonly onHeldUp?: () => void;
  /** Told when a file's turn has come, with a way to ask from then on what is known of the push. */
  readonly onTurn?: ((snapshot: () => Snapshot) => void) | undefined;
  /** What devices were given before: they are not given the same again. */
  readonly memory?: Memory | undefined;
}

/** Many pushes from one machine: one per device at a time, so many at once, each on a port of its own. */
export class Sender {
  readonly #means: SenderMeans;
  readonly #turns = new Turns();
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
    this.#reports = new Reports(broker, topic);
    this.#means = {
      topic,
      places: new Places(Math.min(concurrency, ports.size)),
      sleepers: new Sleepers(),
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

  /** How many pushes can be under way at once. */
  get atOnce(): number {
    return this.#means.places.size;
  }

  /**
   * Pushes a file, or a set of files in order, when the device's turn has come, unless it is cancelled.
   * The outcome never rejects, whatever others do.
   * @param jobs of one device, one per file
   */
  async push(
    jobs: readonly Job[],
    cancellation = new Cancellation(),
    { onPhase = () => undefined, onHeldUp, onTurn, memory }: PushHooks = {},
  ): Promise<Outcome> {
    const startedAt = performance.now();
    const target = targetOf(jobs);
    this.#pushes.add(cancellation);
    if (this.#isClosed) cancellation.cancel(stopped);
    onPhase('queued');
    // Awaited only where they have to be waited for: a promise each is a part of a small push's cost.
    const turn = this.#means.sleepers.supersede(jobs) || this.#turns.take(target, cancellation);
    if (turn !== true) onHeldUp?.();
    let hasTurn = turn === true || (await turn);
    try {
      const last = this.#means.reports.lastOf(target);
      const known = memory && (await Promise.all(jobs.map((job) => memory.unchanged(job, last))));
      const outcomes = await pushInOrder({ jobs, known, onPhase, onTurn, cancellation, startedAt }, this.#means);
      if (memory) await memory.note(outcomes);
      const outcome = asOne(outcomes, jobs);
      outcome.durations.total = Math.round(performance.now() - startedAt);
      // Whoever took the place of this one has its turn too.
      if (outcome.code === 'superseded') hasTurn = false;
      return outcome;
    } finally {
      if (hasTurn) this.#turns.leave(target);
      this.#pushes.delete(cancellation);
      if (this.#pushes.size === 0) this.#onIdle();
    }
  }

  /** The device's last report; undefined for one that never reports, as far as is known. */
  lastReportOf(target: string): Report | undefined {
    return this.#reports.lastOf(target);
  }

  /** Tells each report of any device, until the returned function is called. @param onReport also told whether it may be old */
  watchReports(onReport: (target: string, report: Report, mayBeOld: boolean) => void): () => void {
    return this.#reports.watch(onReport);
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

function targetOf([job]: readonly Job[]): string {
  if (!job) throw new Error('a push has a file');
  return job.target;
}

const stopped = 'the OTA server was stopped';
