import { BoundedMap } from '../bounded-map';
import { hostnameProblem } from '../protocol/names';
import { lengthOfReport, parseReport, type Report } from '../protocol/report';
import { deviceKey, isSignedReport, type Signing } from '../protocol/signature';
import type { Broker, InboundMessage, ReportListener, Reports } from '../push/services';

/** The reports of some 30,000 devices. */
const maxBytes = 16 * 1024 * 1024;

type OnAnyReport = (target: string, report: Report, maybeStale: boolean) => void;

/** Where all devices report (protocol 5.1). @param topic of announcements; `{target}` stands for the hostname */
export function reportsTopic(topic: string): string {
  return `${topic.replace('{target}', '+')}/status`;
}

/** What the devices say themselves (protocol 5): one subscription for all of them, kept while the server lives. */
export class DeviceReports implements Reports {
  readonly #signing: Signing;
  readonly #last = new BoundedMap<Report>(maxBytes, lengthOfReport);
  readonly #lastSigned = new BoundedMap<Report>(maxBytes, lengthOfReport);
  /** One push per device at a time, so one listener. */
  readonly #listeners = new Map<string, ReportListener>();
  #watchers: readonly OnAnyReport[] = [];
  readonly #stop: () => void;
  #areHeard = true;

  /** @param topic of announcements; `{target}` stands for the hostname */
  constructor(broker: Broker, topic: string, signing: Signing) {
    this.#signing = signing;
    const level = topic.split('/').indexOf('{target}');
    const hear = ({ topic: from, payload, isRetainedReplay, maybeStale }: InboundMessage) => {
      const target = from.split('/')[level];
      const report = parseReport(payload);
      if (target === undefined || !report || hostnameProblem(target)) return;
      const isSigned = this.#isSigned(target, report, payload);
      this.#last.set(target, report);
      if (!isRetainedReplay) this.#listeners.get(target)?.(report, isSigned);
      const isNewest = isSigned && this.#isNewest(target, report);
      if (isNewest) this.#lastSigned.set(target, report);
      if (!isNewest && signing.format === 'signed') return;
      for (const watcher of this.#watchers) watcher(target, report, maybeStale);
    };
    this.#stop = broker.listen(reportsTopic(topic), hear, (isAllowed) => this.#onAllowed(isAllowed));
  }

  /** False: the broker does not let us. */
  get areHeard(): boolean {
    return this.#areHeard;
  }

  lastOf(target: string, which: 'any' | 'signed'): Report | undefined {
    return (which === 'any' ? this.#last : this.#lastSigned).get(target);
  }

  /** Calls back with each report of the device as it comes, until the returned function is called. */
  listen(target: string, listener: ReportListener): () => void {
    this.#listeners.set(target, listener);
    return () => {
      if (this.#listeners.get(target) === listener) this.#listeners.delete(target);
    };
  }

  /**
   * Calls back with each report of any device, until the returned function is called. Where announcements are signed, only with
   * signed ones (protocol 6.7).
   */
  watch(onReport: OnAnyReport): () => void {
    this.#watchers = [...this.#watchers, onReport];
    return () => {
      this.#watchers = this.#watchers.filter((other) => other !== onReport);
    };
  }

  close(): void {
    this.#stop();
  }

  /** What was reported before says nothing of devices that are not heard any more. */
  #onAllowed(isAllowed: boolean): void {
    this.#areHeard = isAllowed;
    if (isAllowed) return;
    this.#last.clear();
    this.#lastSigned.clear();
  }

  /** With the device's key (protocol 6.7). */
  #isSigned(target: string, { counter }: Report, payload: Buffer): boolean {
    const { secret } = this.#signing;
    return secret !== '' && counter !== undefined && isSignedReport(payload, deviceKey(secret, target));
  }

  /** A device's counter falls only where it is started over; a push knows by its own which report is new (protocol 6.7). */
  #isNewest(target: string, { counter = 0 }: Report): boolean {
    return counter >= (this.#lastSigned.get(target)?.counter ?? 0);
  }
}
