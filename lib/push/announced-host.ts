/**
 * What the announced host is to this machine: devices reach an address of its own, one that leads here from elsewhere, or a name. They
 * can't reach the others: this machine itself, a network of its own containers and virtual machines, and what is inside of a container,
 * of an add-on of Home Assistant's or of WSL.
 */
export type HostKind = 'own' | 'elsewhere' | 'name' | 'loopback' | 'guests' | 'container' | 'add-on' | 'wsl';

/** The host to announce, and what it is to this machine. */
export interface AnnouncedHost {
  readonly host: string;
  readonly kind: HostKind;
}
