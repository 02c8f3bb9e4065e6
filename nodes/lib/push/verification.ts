import { Latch } from './latch';
import type { Job, Means, ReportWatcher } from './means';
import type { Verified } from './outcome';
import type { Report } from './report';

/** Payloads of online topics that say the opposite. */
const gone = new Set(['offline', 'false', '0', '']);

/**
 * What the device says of a push: reports of this file and hash, and messages on its online topic.
 * It believes only what comes after the device can have heard the announcement (protocol 5.4).
 */
export class Verification implements ReportWatcher {
  /** Told of each report that counts. */
  watcher: ReportWatcher | undefined;
  readonly #job: Job;
  readonly #means: Means;
  #stopOnline: (() => void) | undefined;
  #levels: readonly Verified[] = [];
  #awaited: { readonly level: Verified; readonly latch: Latch<Verified> } | undefined;
  #isHeard = false;
  #isDelivered = false;

  constructor(job: Job, means: Means) {
    this.#job = job;
    this.#means = means;
  }

  /** Before the announcement, until it is closed. */
  listen(): void {
    const { verify, target } = this.#job;
    this.#means.reports.listen(target, this);
    if (verify.level !== 'online') return;
    const { topic, payload: expected } = verify;
    this.#stopOnline = this.#means.broker.listen(topic, ({ payload, isReplay }) => {
      const text = payload.toString();
      const isOnline = expected === '' ? !gone.has(text.toLowerCase()) : text === expected;
      if (this.#isDelivered && !isReplay && isOnline) this.#reach('online');
    });
  }

  /** The broker has the announcement, or the device has connected: from now on reports are answers (protocol 5.4). */
  hear(): void {
    this.#isHeard = true;
  }

  /** The device has the file: from now on a message on the online topic may be the new program's. */
  delivered(): void {
    this.#isDelivered = true;
  }

  /** The device has shown as much. */
  has(level: Verified): boolean {
    return this.#levels.includes(level);
  }

  /** Happens when the device has shown as much; one level at a time. */
  reached(level: Verified): Latch<Verified> {
    const latch = new Latch<Verified>();
    this.#awaited = { level, latch };
    if (this.has(level)) latch.happen(level);
    return latch;
  }

  close(): void {
    this.#means.reports.forget(this.#job.target, this);
    this.#stopOnline?.();
  }

  onReport(report: Report): void {
    const { filename, hash } = this.#job;
    if (!this.#isHeard || report.file !== filename || report.hash !== hash) return;
    this.watcher?.onReport(report);
    if (report.state === 'installed' || report.state === 'running') this.#reach('installed');
    if (report.state === 'running') this.#reach('running');
  }

  #reach(level: Verified): void {
    this.#levels = [...this.#levels, level];
    if (this.#awaited?.level === level) this.#awaited.latch.happen(level);
  }
}

/**
 * What has to be waited for, in this order, after the delivery.
 * A signed push is never a success on delivery alone: a board without the module takes its bytes and keeps its old file
 * (protocol 6.5). Without a restart nobody comes back.
 */
export function levelsToReach({ verify, key, reboot }: Job, reportsAtAll: boolean): readonly Verified[] {
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
