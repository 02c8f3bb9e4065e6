import { Cancellation } from '../push/cancellation';
import { FileOffer } from '../push/file-offer';
import { TwoTurnsLater } from '../push/later';
import type { Counters, Job } from '../push/means';
import type { Outcome } from '../push/outcome';
import type { Report } from '../push/report';
import { SendQueues } from '../push/send-queues';
import type { IsAllowed } from './allow';
import { FilesInOrder, type PushHooks, type SenderMeans, type TurnWatcher } from './files-in-order';
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

/** Many pushes from one machine: one per device at a time, so many at once, each on a port of its own. */
export class Sender implements TurnWatcher {
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
    const shared = { queues: this.#queues, later: new TwoTurnsLater(), isAllowed, offers: this.#offers };
    const [beforeTarget = '', afterTarget = ''] = topic.split('{target}');
    this.#means = {
      topicOf: (target) => beforeTarget + target + afterTarget,
      places: new Places(Math.min(concurrency, ports.size)),
      sleepers: new Sleepers(),
      broker,
      portsText,
      reports: this.#reports,
      counters,
      host: () => host.get(),
      offer: (job, cancellation, port) =>
        FileOffer.open(job, shared, (server) => ports.listen(server, cancellation, port)),
    };
  }

  /** How many pushes can be under way at once. */
  get atOnce(): number {
    return this.#means.places.size;
  }

  /**
   * Pushes a file, or a set of files in order, when the device's turn has come, unless it is cancelled.
   * Rejects for bugs only, whatever others do.
   * @param jobs of one device, one per file
   */
  push(jobs: readonly Job[], cancellation = new Cancellation(), hooks: PushHooks = {}): Promise<Outcome> {
    const files = new FilesInOrder(jobs, cancellation, hooks, this.#means, this);
    this.#pushes.add(cancellation);
    if (this.#isClosed) cancellation.cancel(stopped);
    hooks.onPhase?.('queued');
    const turn = this.#means.sleepers.supersede(jobs) || this.#turns.take(files.target, cancellation);
    if (turn === true) return files.push(true);
    hooks.onHeldUp?.();
    return turn.then((hasTurn) => files.push(hasTurn));
  }

  onTurnEnd(target: string, cancellation: Cancellation, leavesTurn: boolean): void {
    if (leavesTurn) this.#turns.leave(target);
    this.#pushes.delete(cancellation);
    if (this.#pushes.size === 0) this.#onIdle();
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

const stopped = 'the OTA server was stopped';
