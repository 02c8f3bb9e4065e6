import type { Job, Means, Verify } from './means';
import type { Verified } from './outcome';
import type { Report } from './report';

type Level = Verify['level'];

/** Payloads of online topics that say the opposite. */
const gone = new Set(['offline', 'false', '0', '']);

/**
 * What the device says of a push: reports of this file and hash, and messages on its online topic.
 * It listens from before the announcement, and believes only what comes after the device can have heard it (protocol 5.4).
 */
export class Verification {
  /** Told of each report that counts. */
  onReport: (report: Report) => void = () => undefined;
  readonly #job: Job;
  readonly #stopReports: () => void;
  #stopOnline: (() => void) | undefined;
  #levels: readonly Verified[] = [];
  #awaited: { readonly level: Verified; readonly resolve: () => void } | undefined;
  #isHeard = false;
  #isDelivered = false;

  constructor(job: Job, { reports, broker }: Means) {
    this.#job = job;
    this.#stopReports = reports.listen(job.target, (report) => this.#hearReport(report));
    if (job.verify.level !== 'online') return;
    const { topic, payload: expected } = job.verify;
    this.#stopOnline = broker.listen(topic, ({ payload, isReplay }) => {
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

  /** Resolves when the device has shown as much; one level at a time. */
  reached(level: Verified): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited = { level, resolve };
      if (this.has(level)) resolve();
    });
  }

  close(): void {
    this.#stopReports();
    this.#stopOnline?.();
  }

  #hearReport(report: Report): void {
    const { filename, hash } = this.#job;
    if (!this.#isHeard || report.file !== filename || report.hash !== hash) return;
    this.onReport(report);
    if (report.state === 'installed' || report.state === 'running') this.#reach('installed');
    if (report.state === 'running') this.#reach('running');
  }

  #reach(level: Verified): void {
    this.#levels = [...this.#levels, level];
    if (this.#awaited?.level === level) this.#awaited.resolve();
  }
}

/**
 * What has to be waited for, in this order, after the delivery.
 * A signed push is never a success on delivery alone: a board without the module takes its bytes and keeps its old file
 * (protocol 6.5). Without a restart nobody comes back.
 */
export function levelsToReach({ verify, key, reboot }: Job, reportsAtAll: boolean): Verified[] {
  const isSigned = key !== undefined;
  const levels: Record<Level, Verified[]> = {
    auto: isSigned || reportsAtAll ? ['installed'] : [],
    delivered: isSigned ? ['installed'] : [],
    installed: ['installed'],
    running: reboot ? ['running'] : ['installed'],
    online: isSigned ? ['installed', 'online'] : ['online'],
  };
  return levels[verify.level];
}
