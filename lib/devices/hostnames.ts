/** As people order them: `lamp-2` before `lamp-10`. */
export const compareHostnames = new Intl.Collator('en', { numeric: true }).compare;

/**
 * Those of some hostnames that hold a text, in upper or lower case, in order: those that begin with it first.
 * @param limit how many at most
 */
export function matchingHostnames(hostnames: readonly string[], part: string, limit: number): string[] {
  const wanted = part.toLowerCase();
  const placeOf = (hostname: string) => hostname.toLowerCase().indexOf(wanted);
  const found = hostnames.filter((hostname) => placeOf(hostname) >= 0).sort(compareHostnames);
  const beginning = found.filter((hostname) => placeOf(hostname) === 0);
  return [...beginning, ...found.filter((hostname) => placeOf(hostname) > 0)].slice(0, limit);
}
