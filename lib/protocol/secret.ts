/** Bytes (protocol 6.1). */
const shortestSecret = 16;

/** What is wrong with a master secret (protocol 6.1), as the end of a sentence; undefined when nothing is. */
export function secretProblem(secret: string): string | undefined {
  const bytes = new TextEncoder().encode(secret).length;
  return bytes < shortestSecret ? `it has ${bytes} bytes, at least ${shortestSecret} are needed` : undefined;
}
