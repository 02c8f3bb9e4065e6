import { isMap, isSet } from 'node:util/types';

/** Whether there are values in a value; the bytes of a file are none. */
export function holdsValues(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
}

/** What is in it, one level deep; nothing where it throws when it is looked at: who needs it looks at it again. */
export function innerValues(value: object): unknown[] {
  try {
    if (isMap(value)) return [...value.entries()].flat();
    if (isSet(value)) return [...value];
    return Object.values(value);
  } catch {
    return [];
  }
}
