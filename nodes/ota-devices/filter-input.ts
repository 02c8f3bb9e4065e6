import { isUint8Array } from 'node:util/types';
import type { DeviceFilter } from '../../lib/devices/device-filter';
import { hashOf } from '../../lib/protocol/announcement';
import { BadInput } from '../shared/bad-input';
import { copyOf, fromMessage, readFilename } from '../shared/files';
import { hashDigits } from '../shared/hash-digits';
import type { ParseTarget } from '../shared/link-call';
import { asksFor, type Message } from '../shared/message';

/** Which devices a message asks for; undefined: all of them. @throws BadInput */
export function readFilter(message: Message, parseTarget: ParseTarget): DeviceFilter | undefined {
  const { target, outdated, filename } = message;
  const failed = asksFor(message, 'failed');
  const isGiven = [target, outdated].some((value) => !isNothing(value)) || failed;
  if (!isGiven) return undefined;
  return {
    target: isNothing(target) ? undefined : parseTarget(target, 'msg.target'),
    outdated: isNothing(outdated)
      ? undefined
      : { hashes: readHashes(outdated), filename: readFilename(filename, fromMessage) },
    failed,
  };
}

/** Of bytes both that are announced. */
function readHashes(value: unknown): readonly string[] {
  if (isUint8Array(value)) {
    const bytes = copyOf(value);
    return [hashOf(bytes, 'sha1'), hashOf(bytes, 'sha256')];
  }
  const hash = hashDigits(value);
  if (hash !== undefined) return [hash];
  throw BadInput.expected(
    'Expected msg.outdated as the hash of a file, its first 8 digits, or the file itself as a Buffer',
    value,
  );
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === false;
}
