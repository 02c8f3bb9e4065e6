import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import type { AnnouncedHost, Broker, HostKind } from '../push/services';

export interface HostOptions {
  readonly broker: Broker & { readonly localAddress: string | undefined };
  /** The host to announce; empty: to be found out. */
  readonly advertise: string;
  /** The address to listen on; empty: all. */
  readonly bind: string;
  /** Called once for each host that is announced though devices can't reach it. */
  readonly onUnreachable: (announced: AnnouncedHost) => void;
}

/** Networks change (DHCP, another Wi-Fi): the host is found out again this often. */
const isKnownForMs = 10_000;

/** The host to announce, found out anew when the broker connection or the time has changed. */
export class AdvertisedHost {
  readonly #options: HostOptions;
  readonly #warnedOf = new Set<string>();
  #known: { readonly host: AnnouncedHost; readonly brokerSide: string | undefined; readonly at: number } | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  async get(): Promise<AnnouncedHost> {
    const brokerSide = this.#options.broker.localAddress;
    const isFresh = this.#known && performance.now() - this.#known.at < isKnownForMs;
    return this.#known && isFresh && this.#known.brokerSide === brokerSide ? this.#known.host : this.#find(brokerSide);
  }

  async #find(brokerSide: string | undefined): Promise<AnnouncedHost> {
    const { advertise, bind } = this.#options;
    const host = await announcedHost({ advertise, bind, brokerSide });
    this.#known = { host, brokerSide, at: performance.now() };
    this.#warnIfUnreachable(host);
    return host;
  }

  #warnIfUnreachable(announced: AnnouncedHost): void {
    const { advertise, onUnreachable } = this.#options;
    const isUnreachable = announced.kind === 'loopback' || announced.kind === 'container';
    if (advertise !== '' || !isUnreachable || this.#warnedOf.has(announced.host)) return;
    this.#warnedOf.add(announced.host);
    onUnreachable(announced);
  }
}

/** What decides which host is announced. */
export interface AddressChoice {
  /** As configured; empty: to be found out. */
  readonly advertise: string;
  /** The address that this server listens on; empty: all. */
  readonly bind: string;
  /** The local address of the broker connection, if there is one: devices reach the broker over that network. */
  readonly brokerSide: string | undefined;
}

/** Named nowhere on the internet (RFC 5737): asking for the way there sends nothing. */
const somewhereElse = '198.51.100.1';

/** The host to announce to devices, and what it is to this machine. */
export async function announcedHost({ advertise, bind, brokerSide }: AddressChoice): Promise<AnnouncedHost> {
  const host =
    advertise || singleAddress(bind) || routable(brokerSide) || (await ownAddress()) || brokerSide || '127.0.0.1';
  return { host, kind: hostKind(host, isInContainer()) };
}

/** Whether devices can reach this host, as far as that can be told from here. */
export function hostKind(host: string, isContainer: boolean): HostKind {
  if (host === 'localhost' || isLoopback(host)) return 'loopback';
  if (isIP(host) === 0) return 'name';
  if (isContainer && containerNetworks().check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4')) return 'container';
  return localAddresses().some(({ address }) => address === host) ? 'own' : 'elsewhere';
}

/** An address to listen on that is one address, and so the only one that devices can be sent to. */
function singleAddress(bind: string): string | undefined {
  return bind === '0.0.0.0' || bind === '::' || bind.includes('%') ? undefined : bind;
}

/** Not loopback, and not one of IPv6's that mean another thing on each machine. */
function routable(address: string | undefined): string | undefined {
  const plain = address?.replace(/^::ffff:(?=\d+\.)/i, '');
  return plain === undefined || isLoopback(plain) || /^fe80:/i.test(plain) ? undefined : plain;
}

/** The address of the default route, or of any network that this machine is in. */
async function ownAddress(): Promise<string | undefined> {
  return (
    (await defaultRouteAddress()) ??
    localAddresses().find(({ family, internal }) => family === 'IPv4' && !internal)?.address
  );
}

async function defaultRouteAddress(): Promise<string | undefined> {
  const socket = createSocket('udp4');
  try {
    const connected = new Promise<unknown>((resolve) => {
      socket.once('error', resolve);
      socket.connect(9, somewhereElse, (...error: unknown[]) => resolve(error[0]));
    });
    // Without a default route the kernel says so here.
    const address = (await connected) ? undefined : socket.address().address;
    return routable(address);
  } finally {
    socket.close();
  }
}

/** None where the system does not tell (Android). */
function localAddresses(): NetworkInterfaceInfo[] {
  try {
    return Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error;
    return [];
  }
}

function isLoopback(address: string): boolean {
  return /^127\./.test(address) || address === '::1';
}

/** Docker and Podman leave these files. */
function isInContainer(): boolean {
  return existsSync('/.dockerenv') || existsSync('/run/.containerenv');
}

/** What Docker and Podman give to containers: nothing outside the host machine reaches them. */
function containerNetworks(): BlockList {
  const networks = new BlockList();
  networks.addSubnet('172.16.0.0', 12);
  networks.addSubnet('10.88.0.0', 16);
  return networks;
}
