import { isIP } from 'node:net';
import type { AnnouncedHost, HostKind } from '../push/announced-host';
import type { Broker } from '../push/services';
import { descriptorProblem } from '../transfer/descriptors';
import { isTailscale, isTunnel, type LocalAddress, leadsToGuestsOnly, localAddresses } from './local-network';
import { addressTowards } from './route';
import { currentSurroundings, enclosureOf, type Surroundings } from './surroundings';

export interface HostOptions {
  /** With our side of its connection, as far as that is known; undefined while there is none. */
  readonly broker: Broker & { localAddress(): string | undefined | Promise<string | undefined> };
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

  /** At once where it is known. */
  get(): AnnouncedHost | Promise<AnnouncedHost> {
    const brokerSide = this.#options.broker.localAddress();
    return brokerSide instanceof Promise ? brokerSide.then((side) => this.#with(side)) : this.#with(brokerSide);
  }

  #with(brokerSide: string | undefined): AnnouncedHost | Promise<AnnouncedHost> {
    const isFresh = this.#known && performance.now() - this.#known.at < isKnownForMs;
    return this.#known && isFresh && this.#known.brokerSide === brokerSide ? this.#known.host : this.#find(brokerSide);
  }

  async #find(brokerSide: string | undefined): Promise<AnnouncedHost> {
    const { advertise, bind } = this.#options;
    const host = await announcedHost({ advertise, bind, brokerSide });
    // Without a descriptor the system says nothing of its networks: what is found then is no more than a guess.
    if (descriptorProblem() !== undefined) return host;
    this.#known = { host, brokerSide, at: performance.now() };
    this.#warnIfUnreachable(host);
    return host;
  }

  #warnIfUnreachable(announced: AnnouncedHost): void {
    const { advertise, onUnreachable } = this.#options;
    if (advertise !== '' || !isUnreachable(announced.kind) || this.#warnedOf.has(announced.host)) return;
    this.#warnedOf.add(announced.host);
    onUnreachable(announced);
  }
}

function isUnreachable(kind: HostKind): boolean {
  return kind !== 'own' && kind !== 'elsewhere' && kind !== 'name';
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

/**
 * By which rule a host is announced: it is configured, it is the address to listen on, that towards the broker, that of the default
 * route, or that of any network; or there is nothing but loopback.
 */
export type HostRule = 'advertise' | 'bind' | 'broker' | 'default-route' | 'any-network' | 'nothing-else';

/** The host to announce, what it is to this machine, and why it is that. */
export interface ChosenHost extends AnnouncedHost {
  readonly rule: HostRule;
}

/** The host to announce to devices. */
export async function announcedHost(choice: AddressChoice): Promise<ChosenHost> {
  const surroundings = currentSurroundings();
  const { host, rule } = await chosenHost(choice, surroundings);
  return { host, kind: await hostKind(host, surroundings), rule };
}

type Candidate = Pick<ChosenHost, 'host' | 'rule'>;

async function chosenHost(
  { advertise, bind, brokerSide }: AddressChoice,
  surroundings: Surroundings,
): Promise<Candidate> {
  if (advertise) return { host: advertise, rule: 'advertise' };
  const only = singleAddress(bind);
  if (only) return { host: only, rule: 'bind' };
  const found = await foundAddress(routable(brokerSide), surroundings);
  return found ?? { host: brokerSide || '127.0.0.1', rule: 'nothing-else' };
}

/** Whether devices can reach this host, as far as that can be told from here. */
export async function hostKind(host: string, surroundings: Surroundings): Promise<HostKind> {
  if (host === 'localhost' || isLoopback(host)) return 'loopback';
  if (isIP(host) === 0) return 'name';
  const local = localAddressOf(host);
  return local ? kindOf(local, surroundings) : 'elsewhere';
}

async function kindOf(local: LocalAddress, surroundings: Surroundings): Promise<HostKind> {
  if (await leadsToGuestsOnly(local.interface)) return 'guests';
  return (await enclosureOf(local, surroundings)) ?? 'own';
}

/** An address to listen on that is one address, and so the only one that devices can be sent to. */
function singleAddress(bind: string): string | undefined {
  return bind === '0.0.0.0' || bind === '::' || bind.includes('%') ? undefined : bind;
}

/**
 * Our side of the broker connection, else the address of the default route, else that of any network: the first of them that devices
 * are likely to reach. Where there is none, one that they may reach; else the first at all.
 */
async function foundAddress(
  brokerSide: string | undefined,
  surroundings: Surroundings,
): Promise<Candidate | undefined> {
  const defaultRoute = routable(await addressTowards(somewhereElse));
  const others = localAddresses().filter(({ family, internal }) => family === 'IPv4' && !internal);
  const candidates: Candidate[] = [
    ...(brokerSide ? [{ host: brokerSide, rule: 'broker' as const }] : []),
    ...(defaultRoute ? [{ host: defaultRoute, rule: 'default-route' as const }] : []),
    ...others.map(({ address }) => ({ host: address, rule: 'any-network' as const })),
  ];
  const possible: Candidate[] = [];
  for (const candidate of candidates) {
    const local = localAddressOf(candidate.host);
    // Of what the system does not tell, nothing is known against it.
    if (!local) return candidate;
    if ((await kindOf(local, surroundings)) !== 'own') continue;
    // Where the broker is reached through a VPN, devices may be behind it too.
    const isUnlikely = candidate.host === brokerSide ? isTailscale(local) : isTunnel(local);
    if (!isUnlikely) return candidate;
    possible.push(candidate);
  }
  return possible[0] ?? candidates[0];
}

function localAddressOf(address: string): LocalAddress | undefined {
  return localAddresses().find((local) => local.address === address);
}

/** Named nowhere on the internet (RFC 5737): asking for the way there sends nothing. */
const somewhereElse = '198.51.100.1';

/** Not loopback, and not one of IPv6's that mean another thing on each machine. */
function routable(address: string | undefined): string | undefined {
  const plain = address?.replace(/^::ffff:(?=\d+\.)/i, '');
  return plain === undefined || isLoopback(plain) || /^fe80:/i.test(plain) ? undefined : plain;
}

function isLoopback(address: string): boolean {
  return /^127\./.test(address) || address === '::1';
}
