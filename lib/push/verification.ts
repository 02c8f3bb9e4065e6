import type { Report } from '../protocol/report';
import { says } from '../says';
import { Deferred } from '../transfer/deferred';
import type { Job } from './job';
import type { PushServices } from './services';
import type { Verified } from './state';

/** Payloads of online topics that say the opposite. */
const gone = new Set(['offline', 'false', '0', '']);
const longestGone = Math.max(...Array.from(gone, ({ length }) => length));

/**
 * What the device says of a push: reports of this file and hash, and messages on its online topic.
 * It believes only what comes after the device can have heard the announcement (protocol 5.4), and of a signed push only signed
 * reports that answer this very announcement (6.7).
 */
export class Verification {
  /** Called with each report that counts, at once: what follows in the same packet must find it heard. */
  onReport: ((report: Report) => void) | undefined;
  /** Of the signed announcement; greater than what the device has seen, as far as is known. */
  counter = 0;
  /** The last report that a signed push did not believe, since it is not signed with the device's key. */
  unsigned: Report | undefined;
  readonly #job: Job;
  readonly #services: PushServices;
  readonly #levels: Verified[] = [];
  #awaited: { readonly level: Verified; readonly reached: Deferred<void> } | undefined;
  #acceptsReports = false;
  #isDelivered = false;

  constructor(job: Job, services: PushServices) {
    this.#job = job;
    this.#services = services;
  }

  /** Before the announcement. @returns what ends it */
  listen(): () => void {
    const { verify, target } = this.#job;
    const stopReports = this.#services.reports.listen(target, (report, isSigned) => this.#onReport(report, isSigned));
    if (verify.level !== 'online') return stopReports;
    try {
      const stopOnline = this.#listenOnline(verify.topic, verify.payload);
      return () => {
        stopReports();
        stopOnline();
      };
    } catch (error) {
      stopReports();
      throw error;
    }
  }

  /** The broker has the announcement, or the device has connected: from now on reports are answers (protocol 5.4). */
  acceptReports(): void {
    this.#acceptsReports = true;
  }

  /** The device has the file: from now on a message on the online topic may be the new program's. */
  markDelivered(): void {
    this.#isDelivered = true;
  }

  /** The device has shown as much. */
  has(level: Verified): boolean {
    return this.#levels.includes(level);
  }

  /** Resolves when the device has shown as much; one level is waited for at a time. */
  reached(level: Verified): Promise<void> {
    const reached = new Deferred<void>();
    this.#awaited = { level, reached };
    if (this.has(level)) reached.resolve();
    return reached.promise;
  }

  #listenOnline(topic: string, expected: string): () => void {
    return this.#services.broker.listen(topic, ({ payload, isRetainedReplay }) => {
      const isOnline = expected === '' ? !isGone(payload) : says(payload, expected);
      if (this.#isDelivered && !isRetainedReplay && isOnline) this.#reach('online');
    });
  }

  #onReport(report: Report, isSigned: boolean): void {
    const { filename, hash, key } = this.#job;
    if (!this.#acceptsReports || report.file !== filename || report.hash !== hash) return;
    if (key !== undefined && !isSigned) {
      this.unsigned = report;
      return;
    }
    // With `replayed` it is the device's own counter, which is ahead.
    if (key !== undefined && report.counter !== this.counter && report.error !== 'replayed') return;
    this.onReport?.(report);
    if (report.state === 'installed' || report.state === 'running') this.#reach('installed');
    if (report.state === 'running') this.#reach('running');
  }

  #reach(level: Verified): void {
    if (!this.has(level)) this.#levels.push(level);
    if (this.#awaited?.level === level) this.#awaited.reached.resolve();
  }
}

/** What is longer than any of those words is not made a text: anyone may publish what would fill the memory. */
function isGone(payload: Buffer): boolean {
  return payload.length <= longestGone && gone.has(payload.toString().toLowerCase());
}

/**
 * What has to be waited for, in this order, after the delivery.
 * A signed push is never a success on delivery alone: a board without the module takes its bytes and keeps its old file
 * (protocol 6.5). Without a restart nobody comes back.
 */
export function requiredLevels({ verify, key, reboot }: Job, reportsAtAll: boolean): readonly Verified[] {
  const isSigned = key !== undefined;
  switch (verify.level) {
    case 'auto':
      return isSigned || reportsAtAll ? ['installed'] : [];
    case 'delivered':
      return isSigned ? ['installed'] : [];
    case 'installed':
      return ['installed'];
    case 'running':
      return reboot ? ['running'] : ['installed'];
    case 'online':
      return isSigned ? ['installed', 'online'] : ['online'];
  }
}
