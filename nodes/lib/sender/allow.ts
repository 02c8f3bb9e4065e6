import { BlockList, isIP } from 'node:net';

/** Says of an address, as `FileOffer` gives it, whether it may fetch files. */
export type IsAllowed = (address: string) => boolean;

/**
 * Reads the `allow` of a server: addresses and networks such as `192.168.4.0/24, 10.0.0.7`; empty: anyone.
 * @throws Error naming the entry that is neither
 */
export function parseAllow(text: string): IsAllowed {
  const entries = text.split(/[\s,]+/).filter(Boolean);
  if (entries.length === 0) return () => true;
  const list = new BlockList();
  for (const entry of entries) addEntry(list, entry);
  return (address) => list.check(address.replace(/%.*$/, ''), isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function addEntry(list: BlockList, entry: string): void {
  const [, address = '', prefix] = /^([0-9A-Fa-f.:]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const version = isIP(address);
  const bits = version === 6 ? 128 : 32;
  if (version === 0 || Number(prefix ?? 0) > bits) {
    throw new Error(
      `Allowed addresses: expected addresses and networks such as 192.168.4.0/24, got ${JSON.stringify(entry)}`,
    );
  }
  list.addSubnet(address, Number(prefix ?? bits), version === 6 ? 'ipv6' : 'ipv4');
}
