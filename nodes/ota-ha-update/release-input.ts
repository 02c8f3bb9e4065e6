import type { CheckedFile } from '../../lib/check/python-checker';
import { type Release, releaseFile, versionOf } from '../../lib/home-assistant/release';
import { BadInput } from '../shared/bad-input';
import { bringsSet, fromMessage, type NamedFile, readFile, readSet, refuseNoFile } from '../shared/files';
import type { ParseTarget } from '../shared/link-call';
import type { Message } from '../shared/message';
import { readTargets } from '../shared/targets';

/** A release for some devices, as a message brings it. */
export interface ReleaseInput {
  readonly targets: readonly string[];
  readonly release: Release;
  /** By their SHA-256. */
  readonly bytes: ReadonlyMap<string, Buffer>;
  /** The same, each by its name. */
  readonly files: readonly CheckedFile[];
}

const maxVersionLength = 100;
const maxTextLength = 10_000;

/** Checked as an OTA push would check it. @throws BadInput */
export function readRelease(message: Message, parseTarget: ParseTarget): ReleaseInput {
  refuseNoFile(message, fromMessage);
  const hasList = message.targets !== undefined && message.targets !== null;
  const targets = hasList
    ? [...readTargets(message.targets).keys()]
    : [parseTarget(message.target, 'msg.target and msg.targets')];
  const isSet = bringsSet(message);
  const named: NamedFile[] = isSet
    ? readSet(message)
    : [readFile(message.payload, message.filename, message, fromMessage)];
  const kept = named.map(({ filename, bytes }) => ({ file: releaseFile(filename, bytes), bytes }));
  const files = kept.map(({ file }) => file);
  const release: Release = {
    version: parseVersion(message.version) ?? versionOf(files),
    title: parseText('title', message.title),
    summary: parseText('releaseSummary', message.releaseSummary),
    url: parseUrl(message.releaseUrl),
    files,
    isSet,
  };
  return {
    targets,
    release,
    bytes: new Map(kept.map(({ file, bytes }) => [file.sha256, bytes])),
    files: kept.map(({ file: { filename, sha256 }, bytes }) => ({ filename, bytes, hash: sha256 })),
  };
}

function parseVersion(value: unknown): string | undefined {
  if (isNothing(value)) return undefined;
  const text = typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
  if (typeof text === 'string' && text.length <= maxVersionLength && text.trim() === text) return text;
  throw BadInput.expected(
    `Expected the version as a text of at most ${maxVersionLength} characters without space around it`,
    value,
  );
}

function parseText(property: string, value: unknown): string | undefined {
  if (isNothing(value)) return undefined;
  if (typeof value === 'string' && value.length <= maxTextLength) return value;
  throw BadInput.expected(`Expected msg.${property} as a text of at most ${maxTextLength} characters`, value);
}

/** Home Assistant drops what holds an address without a scheme. */
function parseUrl(value: unknown): string | undefined {
  if (isNothing(value)) return undefined;
  if (typeof value === 'string' && value.length <= maxTextLength && /^https?:\/\/[^\s/]+(\/\S*)?$/.test(value))
    return value;
  throw BadInput.expected(
    `Expected msg.releaseUrl as an address of at most ${maxTextLength} characters that begins with http:// or https://`,
    value,
  );
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
