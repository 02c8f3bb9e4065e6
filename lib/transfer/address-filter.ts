import { BlockList, isIP } from 'node:net';
import type { AddressRange } from '../protocol/address-list';

/** Says of an address, as `FileServer` gives it, whether it may fetch files. */
export type IsAllowed = (address: string) => boolean;

/** Allows the addresses of these ranges; anyone, where there are none. */
export function addressFilter(ranges: readonly AddressRange[]): IsAllowed {
  if (ranges.length === 0) return () => true;
  const list = new BlockList();
  for (const { address, bits, family } of ranges) list.addSubnet(address, bits, family);
  return (address) => list.check(address.replace(/%.*$/, ''), isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
