import { isMap, isSet } from 'node:util/types';

/** What a text, a number or an object takes besides its characters, as far as V8 can be known. */
const valueBytes = 32;

/** So many values are looked at: that is a moment, and a message may have no end. */
const mostValues = 200_000;

/** About how many bytes of memory a value holds, with all that is in it: each object once. What throws when it is looked at counts as nothing. */
export function heldBytes(value: unknown): number {
  const seen = new Set<object>();
  const open = [value];
  let bytes = 0;
  for (let left = mostValues; left > 0 && open.length > 0; left -= 1) {
    const next = open.pop();
    bytes += valueBytes;
    // Two bytes for each character: most are Latin, and nobody has to be.
    if (typeof next === 'string') bytes += 2 * next.length;
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    if (ArrayBuffer.isView(next)) bytes += next.byteLength;
    else for (const inner of partsOf(next)) open.push(inner);
  }
  return bytes;
}

function partsOf(value: object): Iterable<unknown> {
  try {
    if (isMap(value)) return [...value.entries()].flat();
    if (isSet(value)) return [...value];
    return Object.values(value);
  } catch {
    return []; // Who needs it looks at it again.
  }
}
