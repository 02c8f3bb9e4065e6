import type { AnnouncedHost, Broker } from '../push/means';
import { announcedHost } from './address';

export interface HostOptions {
  readonly broker: Broker & { readonly localAddress: string | undefined };
  /** The host to announce; empty: to be found out. */
  readonly advertise: string;
  /** The address to listen on; empty: all. */
  readonly bind: string;
  /** Told once of each host that is announced though devices can't reach it. */
  readonly onUnreachable: (announced: AnnouncedHost) => void;
}

/** Networks change (DHCP, another Wi-Fi): the host is found out again this often. */
const isKnownForMs = 10_000;

/** The host to announce, found out anew when the broker connection or the time has changed. */
export class Host {
  readonly #options: HostOptions;
  readonly #warnedOf = new Set<string>();
  #known: { readonly host: AnnouncedHost; readonly brokerSide: string | undefined; readonly at: number } | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /** A promise only where it has to be found out. */
  get(): AnnouncedHost | Promise<AnnouncedHost> {
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
