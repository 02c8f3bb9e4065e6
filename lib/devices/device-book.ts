import { BoundedMap } from '../bounded-map';
import { isPlausible, isSameReport, lengthOfReport, type Report } from '../protocol/report';
import type { Job } from '../push/job';
import { isFailure, type Outcome, type Result } from '../push/outcome';
import type { DeliveryHistory, Purpose } from '../push/services';
import type { PushSnapshot, Verified } from '../push/state';
import { BookStore, type BookStoreOptions } from './book-store';
import { type Device, deviceOf, type PushUnderWay, pushUnderWay } from './device';
import { type DeviceFilter, isAskedFor } from './device-filter';
import { afterPush, afterReport, duringPush, isAnnounced } from './file-knowledge';
import { compareHostnames } from './hostnames';
import { versionBefore, versionsLike } from './kept-versions';
import { type DeviceRecord, emptyRecord, type Failures, type FileRecord, type KeptVersion } from './record';

/** Of devices that were pushed to, some 30,000: 2 KB each, with one file, three versions of it, a report and the last result. */
const maxPushedBytes = 64 * 1024 * 1024;
/** Of those that only report, some 20,000: whoever may publish reports can invent devices, and they take nothing from the others. */
const maxHeardBytes = 16 * 1024 * 1024;

export interface DeviceBookOptions extends BookStoreOptions {
  /** So many versions of each file of a device are kept, to go back to. */
  readonly keep: number;
  readonly now?: () => number;
}

/** What has changed of a device: how its last push ended, that it took a file back, that it was heard, or that it was forgotten. */
export type BookChange = 'result' | 'rolled_back' | 'seen' | 'forgotten';

type OnBookChange = (target: string, change: BookChange) => void;

/** The push to a device that is under way, and a way to look at it. */
interface UnderWay {
  readonly jobs: readonly Job[];
  readonly look: () => PushSnapshot;
}

/**
 * What is known of each device that was pushed to, or that reports: what it has, when it was last heard, how its last push ended.
 * It is kept on the disk, with the bytes of the files that devices had.
 */
export class DeviceBook implements DeliveryHistory {
  readonly #keep: number;
  readonly #store: BookStore;
  readonly #now: () => number;
  readonly #pushed = new BoundedMap<DeviceRecord>(maxPushedBytes, lengthOf);
  readonly #heard = new BoundedMap<DeviceRecord>(maxHeardBytes, lengthOf);
  readonly #underWay = new Map<string, UnderWay>();
  #watchers: readonly OnBookChange[] = [];

  /** Reads what was kept. */
  constructor({ keep, now = Date.now, ...store }: DeviceBookOptions) {
    this.#keep = keep;
    this.#now = now;
    this.#store = new BookStore(store);
    for (const record of this.#store.open(() => this.#records().map((one) => this.#toSave(one)))) {
      const fewer = withFewer(record, keep);
      (record.pushed === null ? this.#heard : this.#pushed).set(record.target, fewer);
      // The bytes of the others go with the next writing.
      if (fewer !== record) this.#store.saveSoon();
    }
  }

  /** Whether files are kept at all, to go back to. */
  get keepsVersions(): boolean {
    return this.#keep > 0;
  }

  /** How many devices are known. */
  get size(): number {
    return this.#heard.size + this.#pushed.size;
  }

  /**
   * The devices that are asked for, those included that are pushed to for the first time, by their hostnames as people count:
   * lamp-2 before lamp-10.
   */
  devices(filter: DeviceFilter = {}): Device[] {
    const first = [...this.#underWay.keys()].filter((target) => !this.#record(target)).map(emptyRecord);
    const records = [...first, ...this.#records()].filter((record) => isAskedFor(record, filter));
    return records
      .sort((one, other) => compareHostnames(one.target, other.target))
      .map((record) => this.#toDevice(record));
  }

  device(target: string): Device | undefined {
    const record = this.#record(target) ?? (this.#underWay.has(target) ? emptyRecord(target) : undefined);
    return record && this.#toDevice(record);
  }

  knows(target: string): boolean {
    return this.#underWay.has(target) || this.#record(target) !== undefined;
  }

  /** The pushes under way, by their device. */
  underWay(): [target: string, push: PushUnderWay][] {
    return Array.from(this.#underWay, ([target, { look }]) => [target, pushUnderWay(look())]);
  }

  /** Calls back with each change, until the returned function is called. */
  watch(onChange: OnBookChange): () => void {
    this.#watchers = [...this.#watchers, onChange];
    return () => {
      this.#watchers = this.#watchers.filter((other) => other !== onChange);
    };
  }

  /** The hostnames of those that are there: a push to one that was mistyped makes it no device. */
  hostnames(): string[] {
    const met = this.#records().filter(({ report, address }) => report !== null || address !== null);
    return met.map(({ target }) => target);
  }

  /**
   * A push to a device is under way, until the returned function is called.
   * @param jobs of one device, one for each file
   * @param look at what is known of the push
   */
  begin(jobs: readonly Job[], look: () => PushSnapshot): () => void {
    const target = jobs[0]?.target ?? '';
    const underWay = { jobs, look };
    this.#underWay.set(target, underWay);
    if (this.#pushed.has(target)) this.#store.saveSoon();
    return () => {
      // A push that waits for its device to wake may have left its turn to a newer one.
      if (this.#underWay.get(target) === underWay) this.#underWay.delete(target);
    };
  }

  /** What a device has under a file name; undefined where nothing is known. */
  file(target: string, filename: string): FileRecord | undefined {
    return this.#record(target)?.files.find((file) => file.filename === filename);
  }

  unchanged({ target, filename, hash }: Job, lastReport: Report | undefined): Verified | undefined {
    const record = this.#record(target);
    const file = this.file(target, filename);
    if (file?.by !== 'push' || file.hash !== hash || file.verified === null) return undefined;
    const report = lastReport ?? record?.report;
    // A device that reports has had its say: what was only delivered may have been refused.
    if (report && (file.verified === 'delivered' || contradicts(report, filename, hash))) return undefined;
    return file.verified;
  }

  record(outcome: Outcome, jobs: readonly Job[], purpose: Purpose): void {
    const { target, result, code, message, remedy, filename, hash, files = [outcome] } = outcome;
    if (this.#underWay.get(target)?.jobs[0]?.id === outcome.id) this.#underWay.delete(target);
    const announced = files.filter(isAnnounced);
    if (announced.length === 0 && result === 'cancelled') {
      // It says nothing of the device, whose files were doubted on the disk meanwhile.
      this.#store.saveSoon();
      return;
    }
    const at = this.#now();
    const before = this.#record(target) ?? emptyRecord(target);
    const versions = outcome.code === null ? this.#versions(announced, jobs, at) : new Map<string, KeptVersion>();
    const address = announced.findLast(({ device }) => device !== null)?.device ?? null;
    this.#heard.delete(target);
    this.#pushed.set(target, {
      target,
      address: address ?? before.address,
      seen: address === null ? before.seen : at,
      pushed: announced.length === 0 ? before.pushed : at,
      report: before.report,
      files: afterPush(before.files, files, at, { versions, purpose, most: this.#keep }),
      last: { result, code, message, remedy, filename, hash, at },
      failures: failuresAfter(before.failures, result, at),
    });
    this.#changed(target, 'result');
    this.#store.saveSoon();
  }

  /**
   * The device has reported. Of the file that is being pushed to it the push itself tells more at its end.
   * @param maybeStale it may have been said long ago
   */
  hear(target: string, report: Report, maybeStale: boolean): void {
    if (!isPlausible(report)) return;
    const before = this.#record(target) ?? emptyRecord(target);
    const isSame = before.report !== null && isSameReport(before.report, report);
    if (isSame && maybeStale) return;
    const at = this.#now();
    const known = this.#underWay.get(target)?.look().known;
    const isOfPush = known?.filename === report.file && known?.hash === report.hash;
    const record: DeviceRecord = {
      ...before,
      seen: maybeStale ? before.seen : at,
      report: isSame ? before.report : report,
      files: isOfPush ? before.files : afterReport(before.files, report, at),
    };
    // Reports make a device that was pushed to no larger and no newer than it was: they can't push others out.
    if (this.#pushed.has(target)) this.#pushed.replace(target, record);
    else this.#heard.set(target, record);
    this.#changed(target, report.state === 'rolled_back' && !isSame ? 'rolled_back' : 'seen');
    this.#store.saveLater();
  }

  /**
   * A version of a file that the device had, to go back to; undefined where none is kept.
   * @param which the one before the one that it has, or one whose hash begins with these digits
   */
  keptVersion(target: string, filename: string, which: 'before' | { readonly hash: string }): KeptVersion | undefined {
    const file = this.file(target, filename);
    if (!file) return undefined;
    return which === 'before' ? versionBefore(file) : versionsLike(file, which.hash)[0];
  }

  /** @throws Error where they are gone, or are others */
  bytesOf({ sha256 }: KeptVersion): Promise<Buffer> {
    return this.#store.bytesOf(sha256);
  }

  /** Nothing is known of it any more, until it is pushed to or reports. @returns whether it was known */
  forget(target: string): boolean {
    const isKnown = this.#record(target) !== undefined;
    this.#pushed.delete(target);
    this.#heard.delete(target);
    if (!isKnown) return false;
    this.#changed(target, 'forgotten');
    this.#store.saveSoon();
    return true;
  }

  /** Resolves when all that is known was written. */
  close(): Promise<void> {
    return this.#store.close();
  }

  /** Closes it, and removes what was kept. @throws Error of the disk */
  remove(): Promise<void> {
    return this.#store.remove();
  }

  #changed(target: string, change: BookChange): void {
    for (const watcher of this.#watchers) watcher(target, change);
  }

  /** Where Node-RED is killed now, nobody knows what becomes of the files that are being pushed. */
  #toSave(record: DeviceRecord): DeviceRecord {
    const { jobs } = this.#underWay.get(record.target) ?? {};
    return jobs ? { ...record, files: duringPush(record.files, jobs) } : record;
  }

  #toDevice(record: DeviceRecord): Device {
    return deviceOf(record, this.#underWay.get(record.target)?.look);
  }

  #record(target: string): DeviceRecord | undefined {
    return this.#pushed.get(target) ?? this.#heard.get(target);
  }

  #records(): DeviceRecord[] {
    return [...this.#heard.values(), ...this.#pushed.values()];
  }

  /** Of the files of a push that was a success: those whose bytes are kept, by their names. */
  #versions(files: readonly Outcome[], jobs: readonly Job[], at: number): Map<string, KeptVersion> {
    const versions = new Map<string, KeptVersion>();
    if (this.#keep === 0) return versions;
    for (const { filename, hash } of files) {
      const job = jobs.find((one) => one.filename === filename);
      const sha256 = job && this.#store.keep(job.bytes);
      if (sha256 !== undefined) versions.set(filename, { hash, sha256, at });
    }
    return versions;
  }
}

/** The characters in it; each of its parts counts too. */
function lengthOf({ report, files, last }: DeviceRecord): number {
  let length = 0;
  for (const { filename, kept } of files) length += filename.length + fileLength * (1 + kept.length);
  if (report) length += partLength + lengthOfReport(report);
  if (last)
    length += partLength + last.message.length + (last.remedy?.length ?? 0) + last.filename.length + last.hash.length;
  return length;
}

/** What an object takes besides its texts, as characters; with the two hashes of a file. */
const partLength = 50;
const fileLength = partLength + 40 + 64;

/** Where fewer are kept than were before. */
function withFewer(record: DeviceRecord, keep: number): DeviceRecord {
  if (record.files.every(({ kept }) => kept.length <= keep)) return record;
  return { ...record, files: record.files.map((file) => ({ ...file, kept: file.kept.slice(0, keep) })) };
}

function failuresAfter(before: Failures | null, result: Result, at: number): Failures | null {
  if (result === 'cancelled') return before;
  if (!isFailure[result]) return null;
  return { count: (before?.count ?? 0) + 1, since: before?.since ?? at };
}

/** Whether the device's last report tells of another state than this file installed; a set goes back as one. */
function contradicts({ state, file, hash }: Report, filename: string, pushed: string): boolean {
  if (state === 'rolled_back') return true;
  return file === filename && (state === 'failed' || hash !== pushed);
}
