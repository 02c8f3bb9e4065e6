/** Which ports devices may be sent to: any free one, or these. */
export type PortRange = { readonly any: true } | { readonly first: number; readonly last: number };

/**
 * Reads the `ports` of a server: empty, `1233` or `40000-40100`.
 * @throws Error saying what was expected
 */
export function parsePorts(text: string): PortRange {
  if (text.trim() === '') return { any: true };
  const match = /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match && first >= 1 && last <= 65535 && first <= last) return { first, last };
  throw new Error(
    `Ports: expected nothing, one port or a range such as 40000-40100 (1 to 65535), got ${JSON.stringify(text)}`,
  );
}
