import type { CheckedFile } from '../../lib/check/python-checker';
import type { DeviceBook } from '../../lib/devices/device-book';
import type { KeptVersion } from '../../lib/devices/record';
import { messageOf } from '../../lib/error-message';
import type { Job } from '../../lib/push/job';
import type { Purpose } from '../../lib/push/services';
import { BadInput } from './bad-input';
import { bringsSet } from './files';
import { hashDigits } from './hash-digits';
import type { Message } from './message';
import type { PushTemplate, Template } from './push-template';

/** What a message with `msg.restore` wants back: the file before the one that a device has, or one by its hash. */
export type Wanted = 'before' | { readonly hash: string };

/**
 * What a message wants back; undefined where it brings a file as any other.
 * @throws BadInput
 */
export function readWanted(message: Message): Wanted | undefined {
  const { restore } = message;
  if (restore === undefined || restore === null || restore === false) return undefined;
  if (bringsSet(message)) {
    throw new BadInput(
      'Expected msg.restore without msg.files: one file is restored, the one that msg.filename names. Delete one of them.',
    );
  }
  if (restore === true) return 'before';
  const hash = hashDigits(restore);
  if (hash !== undefined) return { hash };
  throw BadInput.expected('Expected msg.restore as true, or as a hash or its first 8 digits', restore);
}

/** What the push of a message is for. @throws BadInput */
export function purposeOf(message: Message): Purpose {
  return readWanted(message) === undefined ? 'push' : 'restore';
}

/**
 * What some devices are to have again of a file: of one its last but one version, of another perhaps an older one.
 * @param templateOf how bytes are pushed, once they are read
 * @throws BadInput where nothing is kept of it for one of them, or its bytes are gone
 */
export async function readRestored(
  book: DeviceBook,
  targets: readonly string[],
  filename: string,
  wanted: Wanted,
  templateOf: (bytes: Buffer) => PushTemplate,
): Promise<Template> {
  const versions = targets.map((target) => findVersion(book, target, filename, wanted));
  const templates = new Map<string, PushTemplate>();
  for (const version of versions) {
    if (templates.has(version.sha256)) continue;
    templates.set(version.sha256, templateOf(await bytesOf(book, version, filename)));
  }
  return new RestoredFiles(
    [...templates.values()],
    new Map(targets.map((target, index) => [target, templates.get(versions[index]?.sha256 ?? '') as PushTemplate])),
  );
}

/** What is restored, for each device its own; each version is held once. */
class RestoredFiles implements Template {
  readonly #templates: readonly PushTemplate[];
  readonly #templateOf: ReadonlyMap<string, PushTemplate>;

  /** @param templates each version @param templateOf each device its version */
  constructor(templates: readonly PushTemplate[], templateOf: ReadonlyMap<string, PushTemplate>) {
    this.#templates = templates;
    this.#templateOf = templateOf;
  }

  get files(): readonly CheckedFile[] {
    return this.#templates.flatMap(({ files }) => files);
  }

  jobsFor(target: string): Job[] {
    const template = this.#templateOf.get(target);
    if (!template) throw new Error(`nothing is restored on ${target}`);
    return template.jobsFor(target);
  }
}

function findVersion(book: DeviceBook, target: string, filename: string, wanted: Wanted): KeptVersion {
  const version = book.keptVersion(target, filename, wanted);
  if (version) return version;
  const which = wanted === 'before' ? `before the one that ${target} has` : `of ${target} with the hash ${wanted.hash}`;
  throw new BadInput(
    `No ${filename} is kept ${which}: the OTA server keeps the last ones that were pushed there with success (keep). Send the file itself.`,
  );
}

async function bytesOf(book: DeviceBook, version: KeptVersion, filename: string): Promise<Buffer> {
  try {
    return await book.bytesOf(version);
  } catch (error) {
    throw new BadInput(`The kept bytes of ${filename} can't be read: ${messageOf(error)}. Send the file itself.`);
  }
}
