import type { Broker, ReportWatcher } from '../push/means';
import { hostnameProblem } from '../push/names';
import { parseReport, type Report } from '../push/report';

/** More than any house has. */
const mostDevices = 20_000;

type OnAnyReport = (target: string, report: Report, mayBeOld: boolean) => void;

/** What the devices say themselves (protocol 5): one subscription for all of them, kept while the server lives. */
export class Reports {
  readonly #last = new Map<string, Report>();
  /** One push per device at a time, so one listener. */
  readonly #listeners = new Map<string, ReportWatcher>();
  #watchers: readonly OnAnyReport[] = [];
  readonly #stop: () => void;

  /** @param topic of announcements; `{target}` stands for the hostname */
  constructor(broker: Broker, topic: string) {
    const level = topic.split('/').indexOf('{target}');
    const all = `${topic.replace('{target}', '+')}/status`;
    this.#stop = broker.listen(all, ({ topic: from, payload, isReplay, mayBeOld }) => {
      const target = from.split('/')[level];
      const report = parseReport(payload);
      if (target === undefined || !report || hostnameProblem(target)) return;
      // Whoever may publish reports must not fill our memory.
      if (this.#last.size < mostDevices || this.#last.has(target)) this.#last.set(target, report);
      if (!isReplay) this.#listeners.get(target)?.onReport(report);
      for (const watcher of this.#watchers) watcher(target, report, mayBeOld);
    });
  }

  /** The device's last report; undefined for one that never reports, as far as is known. */
  lastOf(target: string): Report | undefined {
    return this.#last.get(target);
  }

  /** Tells each report of the device as it comes, until it is to be forgotten. */
  listen(target: string, watcher: ReportWatcher): void {
    this.#listeners.set(target, watcher);
  }

  forget(target: string, watcher: ReportWatcher): void {
    if (this.#listeners.get(target) === watcher) this.#listeners.delete(target);
  }

  /** Tells each report of any device, until the returned function is called. */
  watch(onReport: OnAnyReport): () => void {
    this.#watchers = [...this.#watchers, onReport];
    return () => {
      this.#watchers = this.#watchers.filter((other) => other !== onReport);
    };
  }

  close(): void {
    this.#stop();
  }
}
