import { isIP } from 'node:net';

/** A network, or one address: then with all of its bits. */
export interface AddressRange {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/**
 * Reads the `allow` of a server: addresses and networks such as `192.168.4.0/24, 10.0.0.7`; empty: anyone.
 * @throws Error naming the entry that is neither
 */
export function parseAllow(text: string): AddressRange[] {
  return text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(parseEntry);
}

function parseEntry(entry: string): AddressRange {
  const [, address = '', prefix] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const version = isIP(address);
  const maxBits = version === 6 ? 128 : 32;
  const bits = Number(prefix ?? maxBits);
  if (version !== 0 && bits <= maxBits) return { address, bits, family: version === 6 ? 'ipv6' : 'ipv4' };
  throw new Error(
    `Allowed addresses: expected addresses and networks such as 192.168.4.0/24, got ${JSON.stringify(entry)}`,
  );
}
