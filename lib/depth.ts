import { holdsValues, innerValues } from './inner-values';

/** JSON nests so deep at most in practice. What copies recursively (Node-RED's clone, `JSON.stringify`) gets three times as deep, or more. */
export const maxDepth = 500;

/** Whether a value is nested deeper than can be copied for sure, looked at in the order in which a copy is made. */
export function isTooDeep(value: unknown): boolean {
  if (!holdsValues(value)) return false;
  const seen = new Set<object>();
  const open: { readonly value: object; readonly depth: number }[] = [{ value, depth: 1 }];
  for (let next = open.pop(); next; next = open.pop()) {
    if (next.depth > maxDepth) return true;
    if (seen.has(next.value)) continue;
    seen.add(next.value);
    const inner = innerValues(next.value).filter(holdsValues);
    // The last in, the first out.
    for (const one of inner.reverse()) open.push({ value: one, depth: next.depth + 1 });
  }
  return false;
}
