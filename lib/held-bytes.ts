import { isAnyArrayBuffer } from 'node:util/types';
import { holdsValues, innerValues } from './inner-values';

/** What a text, a number or an object takes besides its characters, as far as V8 can be known. */
const valueBytes = 32;

/** So many values are looked at, and the others counted: that is a moment, and a message may have no end. */
const mostValues = 200_000;

/** About how many bytes of memory some values hold, with all that is in them: each object once. */
export function heldBytes(values: readonly unknown[]): number {
  const seen = new Set<unknown>();
  const open = [...values];
  let bytes = 0;
  for (let left = mostValues; left > 0 && open.length > 0; left -= 1) {
    const next = open.pop();
    bytes += valueBytes;
    // Two bytes for each character: most are Latin, and nobody has to be.
    if (typeof next === 'string') bytes += 2 * next.length;
    if (typeof next !== 'object' || seen.has(next)) continue;
    seen.add(next);
    if (ArrayBuffer.isView(next) || isAnyArrayBuffer(next)) bytes += next.byteLength;
    if (holdsValues(next)) for (const inner of innerValues(next)) open.push(inner);
  }
  return bytes + open.length * valueBytes;
}
