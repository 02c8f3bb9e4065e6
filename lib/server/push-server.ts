import { Backlog, type BacklogLimits, usualBacklog } from '../backlog';
import type { DeviceBook } from '../devices/device-book';
import type { Ending } from '../ending';
import type { Signing } from '../protocol/signature';
import { pushFiles } from '../push/file-set';
import type { PushHooks } from '../push/hooks';
import type { Job } from '../push/job';
import { notTaken, type Outcome } from '../push/outcome';
import type { Counters, PushServices } from '../push/services';
import { initialState } from '../push/state';
import type { IsAllowed } from '../transfer/address-filter';
import { FileServer } from '../transfer/file-server';
import type { Ports } from '../transfer/ports';
import { SendQueues } from '../transfer/send-queue';
import { AdvertisedHost, type HostOptions } from './advertised-host';
import { DeviceReports } from './device-reports';
import { Semaphore } from './semaphore';
import { TakenPush } from './taken-push';
import { Turns } from './turns';
import { DeviceWakeQueue } from './wake-queue';

export interface PushServerOptions extends HostOptions {
  /** The announcement's topic; `{target}` stands for the hostname. */
  readonly topic: string;
  readonly ports: Ports;
  /** As configured, for people. */
  readonly portsText: string;
  readonly isAllowed: IsAllowed;
  /** Pushes under way at once. */
  readonly concurrency: number;
  readonly counters: Counters;
  /** What is known of devices: it is told of every push and report, and belongs to whoever has opened it. */
  readonly book: DeviceBook;
  /** Tells which reports are signed, and whether others are believed of devices that are not being pushed to. */
  readonly signing: Signing;
  /** Pushes that wait; as many as usual unless said. */
  readonly backlog?: BacklogLimits;
}

/** Why the pushes of a server that is closed were cancelled. */
const serverStopped = 'the OTA server was stopped';

/** Many pushes from one machine: one per device at a time, so many at once, each on a port of its own. */
export class PushServer {
  readonly #services: PushServices;
  readonly #reports: DeviceReports;
  readonly #book: DeviceBook;
  readonly #slots: Semaphore;
  readonly #turns: Turns;
  readonly #backlog: Backlog;
  readonly #pushes = new Set<Ending>();
  #onIdle: () => void = () => undefined;
  /** They outlive their push while someone is still being served. */
  readonly #fileServers = new Set<FileServer>();
  #isClosed = false;

  constructor(options: PushServerOptions) {
    const { broker, topic, ports, portsText, isAllowed, concurrency, counters, signing, book } = options;
    this.#backlog = new Backlog(options.backlog ?? usualBacklog);
    const host = new AdvertisedHost(options);
    const transfer = { queues: new SendQueues(), isAllowed, open: this.#fileServers };
    this.#reports = new DeviceReports(broker, topic, signing);
    this.#book = book;
    this.#reports.watch((target, report, maybeStale) => book.hear(target, report, maybeStale));
    this.#slots = new Semaphore(Math.min(concurrency, ports.size));
    const wakeQueue = new DeviceWakeQueue(broker);
    this.#turns = new Turns(wakeQueue);
    this.#services = {
      broker,
      reports: this.#reports,
      history: book,
      counters,
      slots: this.#slots,
      wakeQueue,
      portsText,
      topicOf: (target) => topic.replace('{target}', () => target),
      host: () => host.get(),
      serveFile: (job, ending, port) => FileServer.open(job, transfer, (server) => ports.listen(server, ending, port)),
    };
  }

  /** How many pushes can be under way at once. */
  get concurrency(): number {
    return this.#slots.size;
  }

  /**
   * Pushes a file, or a set of files in order, when the device's turn has come.
   * @param jobs of one device, one per file
   * @param ending when it is aborted, the push ends as cancelled. A server that closes aborts it itself
   * @throws Error for bugs only: whatever others do is an outcome
   */
  async push(jobs: readonly Job[], ending: Ending, hooks: PushHooks = {}): Promise<Outcome> {
    const [job] = jobs;
    if (!job) throw new Error('a push has a file');
    const createdAt = performance.now();
    const { heldBytes } = hooks;
    const fullness = heldBytes === undefined ? undefined : this.#backlog.fullnessFor(heldBytes);
    if (fullness) return this.#refuse(job, fullness);
    const place = heldBytes === undefined ? undefined : this.#backlog.enter(heldBytes);
    if (this.#isClosed) ending.abort(serverStopped);
    this.#pushes.add(ending);
    const push = new TakenPush(jobs, hooks, place, this.#book);
    try {
      hooks.onActivity?.('queued');
      push.turn = this.#turns.tryTake(jobs);
      if (!push.turn) {
        hooks.onBlocked?.();
        push.turn = await this.#turns.take(jobs, ending);
      }
      const outcome = await pushFiles(jobs, this.#services, ending, push, createdAt);
      if (outcome.code !== 'cancelled') push.turn?.begin(); // it was unchanged
      return outcome;
    } finally {
      push.end();
      this.#pushes.delete(ending);
      if (this.#pushes.size === 0) this.#onIdle();
    }
  }

  #refuse(job: Job, fullness: string): Outcome {
    const outcome = notTaken(initialState(job, this.#services.topicOf(job.target)), fullness);
    return job.isOfSet ? { ...outcome, files: [] } : outcome;
  }

  /** Cancels every push and breaks every connection off. Resolves when no port, socket or timer is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const ending of this.#pushes) ending.abort(serverStopped);
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      if (this.#pushes.size === 0) resolve();
    });
    const fileServers = [...this.#fileServers];
    for (const fileServer of fileServers) fileServer.abort();
    await Promise.all(fileServers.map((fileServer) => fileServer.closed()));
    this.#reports.close();
  }
}
