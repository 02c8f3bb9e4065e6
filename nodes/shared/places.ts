/** Where a typed input looks for its value, in the words of flows. */

/** @param type of the typed input @param value what is typed there */
export function placeOf(type: string, value: string): string {
  return type === 'msg' || type === 'flow' || type === 'global' ? `${type}.${value}` : `${type} ${value}`;
}

/** Whether there is nothing in that place. */
export function isMissing(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}
