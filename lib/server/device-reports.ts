import { hostnameProblem } from '../protocol/names';
import { parseReport, type Report } from '../protocol/report';
import type { Broker, InboundMessage, ReportListener, Reports } from '../push/services';

/** More than any house has. */
const maxDevices = 20_000;

type OnAnyReport = (target: string, report: Report, maybeStale: boolean) => void;

/** Where all devices report (protocol 5.1). @param topic of announcements; `{target}` stands for the hostname */
export function reportsTopic(topic: string): string {
  return `${topic.replace('{target}', '+')}/status`;
}

/** What the devices say themselves (protocol 5): one subscription for all of them, kept while the server lives. */
export class DeviceReports implements Reports {
  readonly #last = new Map<string, Report>();
  /** One push per device at a time, so one listener. */
  readonly #listeners = new Map<string, ReportListener>();
  #watchers: readonly OnAnyReport[] = [];
  readonly #stop: () => void;
  #areHeard = true;

  /** @param topic of announcements; `{target}` stands for the hostname */
  constructor(broker: Broker, topic: string) {
    const level = topic.split('/').indexOf('{target}');
    const hear = ({ topic: from, payload, isRetainedReplay, maybeStale }: InboundMessage) => {
      const target = from.split('/')[level];
      const report = parseReport(payload);
      if (target === undefined || !report || hostnameProblem(target)) return;
      // Anyone who may publish reports could fill our memory otherwise.
      if (this.#last.size < maxDevices || this.#last.has(target)) this.#last.set(target, report);
      if (!isRetainedReplay) this.#listeners.get(target)?.(report);
      for (const watcher of this.#watchers) watcher(target, report, maybeStale);
    };
    this.#stop = broker.listen(reportsTopic(topic), hear, (isAllowed) => this.#onAllowed(isAllowed));
  }

  /** False: the broker does not let us. */
  get areHeard(): boolean {
    return this.#areHeard;
  }

  /** The device's last report; undefined for one that never reports, as far as is known. */
  lastOf(target: string): Report | undefined {
    return this.#last.get(target);
  }

  /** Calls back with each report of the device as it comes, until the returned function is called. */
  listen(target: string, listener: ReportListener): () => void {
    this.#listeners.set(target, listener);
    return () => {
      if (this.#listeners.get(target) === listener) this.#listeners.delete(target);
    };
  }

  /** Calls back with each report of any device, until the returned function is called. */
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
    if (!isAllowed) this.#last.clear();
  }
}
