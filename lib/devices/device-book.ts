import { rm } from 'node:fs/promises';
import { BoundedMap } from '../bounded-map';
import type { Report } from '../protocol/report';
import type { Job } from '../push/job';
import { isFailure, type Outcome, type Result } from '../push/outcome';
import type { DeliveryHistory } from '../push/services';
import type { PushSnapshot } from '../push/snapshot';
import type { Verified } from '../push/state';
import { readBook, writeBook } from './book-file';
import { type Device, deviceOf } from './device';
import { afterPush, afterReport, isAnnounced } from './file-knowledge';
import { type DeviceRecord, emptyRecord, type Failures } from './record';
import { isPlausible, isSameReport } from './reports';
import { Saving } from './saving';

/** Of devices that were pushed to, some 100,000. */
const maxPushedBytes = 64 * 1024 * 1024;
/** Of those that only report, some 30,000: whoever may publish reports can invent devices, and they take nothing from the others. */
const maxHeardBytes = 16 * 1024 * 1024;

/** Called for problems of the disk; what is known goes on without it. */
export interface BookProblems {
  /** Something of what was kept could not be read. */
  onDamage(message: string): void;
  /** It could not be written. Not called again before it was. */
  onUnwritten(error: Error): void;
}

/**
 * What is known of each device that was pushed to, or that reports: what it has, when it was last heard, how its last push ended.
 * It is kept in a file.
 */
export class DeviceBook implements DeliveryHistory {
  readonly #path: string;
  readonly #problems: BookProblems;
  readonly #now: () => number;
  readonly #pushed = new BoundedMap<DeviceRecord>(maxPushedBytes, lengthOf);
  readonly #heard = new BoundedMap<DeviceRecord>(maxHeardBytes, lengthOf);
  /** Ways to look at the pushes under way, by their device. */
  readonly #underWay = new Map<string, () => PushSnapshot>();
  readonly #saving = new Saving(() => this.#save());
  #isWritten = true;

  /** Reads what was kept. @param path of the file */
  constructor(path: string, problems: BookProblems, now: () => number = Date.now) {
    this.#path = path;
    this.#problems = problems;
    this.#now = now;
    const { records, damage } = readBook(path);
    for (const record of records) (record.pushed === null ? this.#heard : this.#pushed).set(record.target, record);
    if (damage !== undefined) problems.onDamage(damage);
  }

  /** All devices, those last that were pushed to last. */
  devices(): Device[] {
    return this.#records().map((record) => deviceOf(record, this.#underWay.get(record.target)));
  }

  /** The hostnames of all of them. */
  hostnames(): string[] {
    return [...this.#heard.keys(), ...this.#pushed.keys()];
  }

  /** A push to the device is under way, until the returned function is called. @param look at what is known of it */
  begin(target: string, look: () => PushSnapshot): () => void {
    this.#underWay.set(target, look);
    return () => {
      // A push that waits for its device to wake may have left its turn to a newer one.
      if (this.#underWay.get(target) === look) this.#underWay.delete(target);
    };
  }

  unchanged({ target, filename, hash }: Job, lastReport: Report | undefined): Verified | undefined {
    const record = this.#record(target);
    const file = record?.files.find((one) => one.filename === filename);
    if (file?.by !== 'push' || file.hash !== hash || file.verified === null) return undefined;
    const report = lastReport ?? record?.report;
    // A device that reports has had its say: what was only delivered may have been refused.
    if (report && (file.verified === 'delivered' || contradicts(report, filename, hash))) return undefined;
    return file.verified;
  }

  record(outcome: Outcome): void {
    const { target, result, code, message, remedy, filename, hash, files = [outcome] } = outcome;
    const announced = files.filter(isAnnounced);
    // What was cancelled before it began says nothing of the device.
    if (announced.length === 0 && result === 'cancelled') return;
    const at = this.#now();
    const before = this.#record(target) ?? emptyRecord(target);
    const address = announced.findLast(({ device }) => device !== null)?.device ?? null;
    this.#heard.delete(target);
    this.#pushed.set(target, {
      target,
      address: address ?? before.address,
      seen: address === null ? before.seen : at,
      pushed: announced.length === 0 ? before.pushed : at,
      report: before.report,
      files: afterPush(before.files, files, at),
      last: { result, code, message, remedy, filename, hash, at },
      failures: failuresAfter(before.failures, result, at),
    });
    this.#saving.soon();
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
    const known = this.#underWay.get(target)?.().known;
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
    this.#saving.later();
  }

  /** Nothing is known of it any more, until it is pushed to or reports. @returns whether it was known */
  forget(target: string): boolean {
    const isKnown = this.#record(target) !== undefined;
    this.#pushed.delete(target);
    this.#heard.delete(target);
    if (isKnown) this.#saving.soon();
    return isKnown;
  }

  /** Resolves when all that is known was written. */
  close(): Promise<void> {
    return this.#saving.close();
  }

  /** Closes it, and removes what was kept. @throws Error of the disk */
  async remove(): Promise<void> {
    await this.#saving.discard();
    await rm(this.#path, { force: true });
  }

  #record(target: string): DeviceRecord | undefined {
    return this.#pushed.get(target) ?? this.#heard.get(target);
  }

  #records(): readonly DeviceRecord[] {
    return [...this.#heard.values(), ...this.#pushed.values()];
  }

  async #save(): Promise<boolean> {
    try {
      await writeBook(this.#path, this.#records());
      this.#isWritten = true;
    } catch (error) {
      if (this.#isWritten) this.#problems.onUnwritten(error as Error);
      this.#isWritten = false;
    }
    return this.#isWritten;
  }
}

/** The characters in it; each of its parts counts too. */
function lengthOf({ report, files, last }: DeviceRecord): number {
  const texts = [
    ...files.flatMap(({ filename, hash }) => [filename, hash, partLength]),
    ...(report ? [report.file, report.hash, report.error, report.exception, partLength] : []),
    ...(last ? [last.message, last.remedy, last.filename, last.hash, partLength] : []),
  ];
  return texts.reduce<number>((sum, text) => sum + (typeof text === 'number' ? text : (text?.length ?? 0)), 0);
}

/** What an object takes besides its texts, as characters. */
const partLength = 50;

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
