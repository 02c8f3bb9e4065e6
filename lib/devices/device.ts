import type { Report } from '../protocol/report';
import type { Phase, PushSnapshot } from '../push/state';
import type { DeviceRecord, Failures, FileRecord, KeptVersion, LastResult } from './record';

/** What a device has under one file name, for flows. */
export interface DeviceFile extends Pick<FileRecord, 'filename' | 'hash' | 'verified' | 'since'> {
  /** What it can go back to, the newest first; the file that it has may be among them. */
  readonly kept: readonly KeptVersion[];
}

/** What is known of a device, for flows: all of it their own, to change as they like. Times are milliseconds since 1970. */
export interface Device extends Omit<DeviceRecord, 'files'> {
  readonly files: readonly DeviceFile[];
  /** The push under way; null where there is none, or its turn has not come. */
  readonly push: PushUnderWay | null;
}

export interface PushUnderWay {
  readonly id: string;
  readonly filename: string;
  readonly hash: string;
  readonly phase: Phase;
  /** Of the bytes that the device has acknowledged, of a set's all; at most 99. */
  readonly percent: number;
}

/** @param look at the push under way */
export function deviceOf(record: DeviceRecord, look: (() => PushSnapshot) | undefined): Device {
  const { target, address, seen, pushed, report, files, last, failures } = record;
  return {
    target,
    address,
    seen,
    pushed,
    report: copyOf<Report>(report),
    files: files.map(({ filename, hash, verified, since, kept }) => {
      return { filename, hash, verified, since, kept: kept.map((one) => ({ ...one })) };
    }),
    last: copyOf<LastResult>(last),
    failures: copyOf<Failures>(failures),
    push: look ? pushUnderWay(look()) : null,
  };
}

/** How far a push is, for flows. */
export function pushUnderWay({ percent, phase, known: { id, filename, hash } }: PushSnapshot): PushUnderWay {
  return { id, filename, hash, phase, percent };
}

function copyOf<T extends object>(value: T | null): T | null {
  return value && { ...value };
}
