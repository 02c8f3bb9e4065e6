import { type AddressChoice, announcedHost, type ChosenHost } from './advertised-host';
import { localAddresses, networkOf } from './local-network';

/** What keeps devices outside from an address of this machine. */
export type Enclosure = 'container' | 'add-on' | 'wsl';

/** What a server would announce, and what stands between that and devices, as far as can be told from here. */
export interface ReachProbe {
  readonly host: ChosenHost;
  /** The network that devices reach the host in: `192.168.4.0/24`; null where it is no address of this machine, or of IPv6. */
  readonly network: string | null;
  /** This machine's address that would be found if none was configured. */
  readonly own: string;
  /** In what that address is shut up; null where it is in nothing. */
  readonly enclosure: Enclosure | null;
}

/** Finds out what would be announced. Nothing is sent to anybody. */
export async function probeReach(choice: AddressChoice): Promise<ReachProbe> {
  const host = await announcedHost(choice);
  const own = choice.advertise === '' ? host : await announcedHost({ ...choice, advertise: '' });
  const local = host.kind === 'own' ? localAddresses().find(({ address }) => address === host.host) : undefined;
  return {
    host,
    network: (local && networkOf(local)) ?? null,
    own: own.host,
    enclosure: own.kind === 'container' || own.kind === 'add-on' || own.kind === 'wsl' ? own.kind : null,
  };
}
