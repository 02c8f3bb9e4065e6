import { access, readdir, readFile } from 'node:fs/promises';
import { BlockList } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { join } from 'node:path';

/** An address of this machine, and the interface that has it. */
export type LocalAddress = NetworkInterfaceInfo & { readonly interface: string };

/** All addresses of this machine; none where the system does not tell (Android). */
export function localAddresses(): LocalAddress[] {
  try {
    return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
      // A label of an address (eth0:1) is no part of the interface's name.
      addresses.map((address) => ({ ...address, interface: name.replace(/:.*$/, '') })),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error;
    return [];
  }
}

/**
 * Bridges as Docker, Home Assistant, Podman, CNI, LXC and libvirt name them. Not all that begins with `br-`: OpenWrt's `br-lan` is
 * the house's own network.
 */
const bridgeOfGuests =
  /^(docker0|docker_gwbridge|br-[0-9a-f]{12}|hassio|podman\d+|cni\d+|cni-podman\d+|lxcbr\d+|lxdbr\d+|incusbr\d+|virbr\d+)$/;

/** This machine's end of a cable to a container, as all engines name it; systemd-nspawn has names of its own. */
const cableToContainer = /^(veth|ve-|vb-)/;

/** The host's side of networks that VirtualBox, VMware, Hyper-V and WSL keep for their machines. */
const hostOnly =
  /^(vboxnet\d+|vmnet\d+|VirtualBox Host-Only .*|VMware Network Adapter .*|vEthernet \((WSL|Default Switch|nat|DockerNAT)\b.*)$/;

/**
 * Whether an interface of this machine leads to nobody but its own containers and virtual machines. A bridge of another name does
 * when nothing but their cables is plugged into it: with a card in it, it is a network of the house.
 */
export async function leadsToGuestsOnly(name: string): Promise<boolean> {
  if (cableToContainer.test(name) || hostOnly.test(name)) return true;
  const isNamedSo = bridgeOfGuests.test(name);
  const ports = await listIfThere(sysfs(name, 'brif'));
  if (!ports) return isNamedSo;
  const ofGuests = await Promise.all(ports.map((port) => isPortOfGuest(port, isNamedSo)));
  return ofGuests.every(Boolean) && (isNamedSo || ports.length > 0);
}

/** IFF_VNET_HDR of Linux: what hypervisors ask for when they open a tap, and VPNs do not. */
const hasVirtioHeader = 0x4000;

async function isPortOfGuest(port: string, isAnyTap: boolean): Promise<boolean> {
  if (cableToContainer.test(port)) return true;
  const flags = await readIfThere(sysfs(port, 'tun_flags'));
  return flags !== undefined && (isAnyTap || (Number(flags) & hasVirtioHeader) !== 0);
}

/** Whether the address is in a VPN or on a modem: no device is in the same network. */
export function isTunnel({ mac, internal }: LocalAddress): boolean {
  return !internal && /^(00:)*00$/.test(mac);
}

/** Whether the address is one of Tailscale's: no microcontroller is in such a network. Carriers use the same range, in whole networks. */
export function isTailscale(local: LocalAddress): boolean {
  const networks = new BlockList();
  networks.addSubnet('100.64.0.0', 10);
  networks.addSubnet('fd7a:115c:a1e0::', 48, 'ipv6');
  return /\/(32|128)$/.test(local.cidr ?? '') && isIn(networks, local);
}

/** The network that an IPv4 address is in: `192.168.4.0/24`; undefined for IPv6, and where the system does not tell. */
export function networkOf({ family, address, cidr }: LocalAddress): string | undefined {
  const bits = Number(/\/(\d+)$/.exec(cidr ?? '')?.[1] ?? Number.NaN);
  if (family !== 'IPv4' || Number.isNaN(bits)) return undefined;
  const parts = address.split('.').map((part, index) => {
    const kept = Math.min(8, Math.max(0, bits - 8 * index));
    return Number(part) & (0xff << (8 - kept)) & 0xff;
  });
  return `${parts.join('.')}/${bits}`;
}

/** Whether the address is in one of these networks. */
export function isIn(networks: BlockList, { address, family }: LocalAddress): boolean {
  return networks.check(address, family === 'IPv6' ? 'ipv6' : 'ipv4');
}

/** Whether the interface may be a container's own: not a card, and nothing that is built on one, such as a bridge. */
export async function mayBeOfContainer(name: string): Promise<boolean> {
  const [isCard, about] = await Promise.all([isThere(sysfs(name, 'device')), readIfThere(sysfs(name, 'uevent'))]);
  return !isCard && !/^DEVTYPE=/m.test(about ?? '');
}

/** Whether there is an interface of this name, though it may have no address. */
export function hasInterface(name: string): Promise<boolean> {
  return isThere(sysfs(name));
}

/** Where Linux tells about an interface. Other systems don't, nor some sandboxes: then its name has to do. */
function sysfs(name: string, ...path: string[]): string {
  return join('/sys/class/net', name, ...path);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

const readIfThere = (path: string) => readFile(path, 'utf8').catch(() => undefined);

const listIfThere = (path: string) => readdir(path).catch(() => undefined);
