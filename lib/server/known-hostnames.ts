import { hostnameProblem } from '../protocol/names';

/** Hostnames come with messages, and whoever is on the broker may report: of more than these the newest are remembered, some 1 MB. */
const maxKnown = 10_000;

/** The hostnames of devices that were heard of, or that took a file, in this process. */
export class KnownHostnames {
  readonly #names = new Set<string>();

  /** It becomes the newest. What is no hostname (protocol 4a) is passed over. */
  add(hostname: string): void {
    if (hostnameProblem(hostname)) return;
    this.#names.delete(hostname);
    this.#names.add(hostname);
    if (this.#names.size <= maxKnown) return;
    const [oldest] = this.#names;
    if (oldest !== undefined) this.#names.delete(oldest);
  }

  /** The oldest first. */
  list(): string[] {
    return [...this.#names];
  }
}

/**
 * Those of some hostnames that hold a text, in upper or lower case, as people order them: those that begin with it first, `lamp-2`
 * before `lamp-10`.
 * @param limit how many at most
 */
export function matchingHostnames(hostnames: readonly string[], part: string, limit: number): string[] {
  const wanted = part.toLowerCase();
  const placeOf = (hostname: string) => hostname.toLowerCase().indexOf(wanted);
  const found = hostnames
    .filter((hostname) => placeOf(hostname) >= 0)
    .sort(new Intl.Collator('en', { numeric: true }).compare);
  const beginning = found.filter((hostname) => placeOf(hostname) === 0);
  return [...beginning, ...found.filter((hostname) => placeOf(hostname) > 0)].slice(0, limit);
}
