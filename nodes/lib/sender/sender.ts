import type { Server } from 'node:net';
import { Semaphore } from 'async-mutex';
import { Cancellation } from '../push/cancellation';
import type { FileOffer } from '../push/file-offer';
import type { Broker, Job, Means } from '../push/means';
import { newFacts, type Outcome, type Phase } from '../push/outcome';
import { push } from '../push/push';
import { SendQueues } from '../push/send-queues';
import { type AnnouncedHost, announcedHost } from './address';
import type { IsAllowed } from './allow';
import type { Ports } from './ports';
import { type Release, Turns, takePlace } from './turns';

export interface SenderOptions {
  readonly broker: Broker & { readonly localAddress: string | undefined };
  /** The announcement's topic; `{target}` stands for the hostname. */
  readonly topic: string;
  /** The host to announce; empty: to be found out. */
  readonly advertise: string;
  readonly bind: string;
  readonly ports: Ports;
  /** As configured, for people. */
  readonly portsText: string;
  readonly isAllowed: IsAllowed;
  /** Pushes under way at once. */
  readonly concurrency: number;
  /** Told once of each host that is announced though devices can't reach it. */
  readonly onUnreachable: (announced: AnnouncedHost) => void;
}

/** Networks change (DHCP, another Wi-Fi): the host is found out again this often. */
const hostIsKnownForMs = 10_000;

/** A push that waits or is under way. */
export interface PushUnderWay {
  readonly target: string;
  readonly outcome: Promise<Outcome>;
  /** Ends it as `cancelled`; the reason completes "was cancelled: …". */
  cancel(reason: string): void;
}

/** Many pushes from one machine: one per device at a time, so many at once, each on a port of its own. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #turns = new Turns();
  readonly #places: Semaphore;
  readonly #queues = new SendQueues();
  readonly #pushes = new Set<PushUnderWay>();
  /** Outlive their push while someone is still being served. */
  readonly #offers = new Set<FileOffer>();
  readonly #warnedOf = new Set<string>();
  #found:
    | { readonly host: Promise<AnnouncedHost>; readonly brokerSide: string | undefined; readonly at: number }
    | undefined;
  #isClosed = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#places = new Semaphore(Math.min(options.concurrency, options.ports.size));
  }

  /** Pushes the file when its turn has come; the outcome never rejects, whatever others do. */
  push(job: Job, onPhase: (phase: Phase) => void = () => undefined): PushUnderWay {
    const cancellation = new Cancellation();
    const cancel = (reason: string) => cancellation.cancel(reason);
    if (this.#isClosed) cancel('the OTA server was stopped');
    const underWay = { target: job.target, outcome: this.#run(job, onPhase, cancellation), cancel };
    this.#pushes.add(underWay);
    const forget = () => void this.#pushes.delete(underWay);
    underWay.outcome.then(forget, forget);
    return underWay;
  }

  /** Cancels every push and breaks every connection off. Resolves when no port, socket or timer is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const pushes = [...this.#pushes];
    for (const push of pushes) push.cancel('the OTA server was stopped');
    await Promise.allSettled(pushes.map((push) => push.outcome));
    const offers = [...this.#offers];
    for (const offer of offers) offer.reset();
    await Promise.all(offers.map((offer) => offer.closed));
  }

  async #run(job: Job, onPhase: (phase: Phase) => void, cancellation: Cancellation): Promise<Outcome> {
    const startedAt = performance.now();
    const facts = newFacts(job, this.#options.topic.replace('{target}', job.target));
    const held: Release[] = [];
    const means = this.#means(onPhase, cancellation, held);
    try {
      onPhase('queued');
      held.push(await this.#turns.take(job.target, cancellation));
      held.push(await takePlace(this.#places, cancellation));
      facts.durations.queued = Math.round(performance.now() - startedAt);
      return await push(job, facts, means, cancellation);
    } finally {
      for (const release of held.reverse()) release();
      facts.durations.total = Math.round(performance.now() - startedAt);
    }
  }

  #means(onPhase: (phase: Phase) => void, cancellation: Cancellation, held: Release[]): Means {
    const { broker, ports, portsText, isAllowed } = this.#options;
    return {
      broker,
      ports: portsText,
      queues: this.#queues,
      isAllowed,
      onPhase,
      listen: async (server: Server) => {
        const port = await ports.listen(server, cancellation);
        held.push(() => ports.release(port));
        return port;
      },
      host: () => this.#host(),
      keep: (offer) => this.#keep(offer),
    };
  }

  #keep(offer: FileOffer): void {
    this.#offers.add(offer);
    void offer.closed.then(() => this.#offers.delete(offer));
  }

  /** The host to announce, found out anew when the broker connection or the time has changed. */
  async #host(): Promise<AnnouncedHost> {
    const { advertise, bind, broker, onUnreachable } = this.#options;
    const brokerSide = broker.localAddress;
    const now = performance.now();
    if (!this.#found || this.#found.brokerSide !== brokerSide || now - this.#found.at > hostIsKnownForMs) {
      this.#found = { host: announcedHost({ advertise, bind, brokerSide }), brokerSide, at: now };
    }
    const announced = await this.#found.host;
    const isUnreachable = announced.kind === 'loopback' || announced.kind === 'container';
    if (advertise === '' && isUnreachable && !this.#warnedOf.has(announced.host)) {
      this.#warnedOf.add(announced.host);
      onUnreachable(announced);
    }
    return announced;
  }
}
