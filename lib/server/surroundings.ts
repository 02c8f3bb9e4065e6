import { existsSync } from 'node:fs';
import { BlockList } from 'node:net';
import { release } from 'node:os';
import { hasInterface, isIn, type LocalAddress, mayBeOfContainer } from './local-network';

/** What Node-RED runs in, as far as that decides who reaches it. */
export interface Surroundings {
  /** Docker, Podman and what is built on them. */
  readonly isContainer: boolean;
  /** A container of Kubernetes, whose networks have any range. */
  readonly isPod: boolean;
  /** An add-on of Home Assistant, which is a container too. */
  readonly isAddOn: boolean;
  /** The kernel's release. The virtual machines that Docker Desktop and WSL run in have kernels of their own. */
  readonly kernel: string;
}

/** What this process runs in. */
export function currentSurroundings(): Surroundings {
  return {
    // Docker and Podman leave these files, also where the container has the host's network.
    isContainer: existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
    isPod: 'KUBERNETES_SERVICE_HOST' in process.env,
    isAddOn: 'SUPERVISOR_TOKEN' in process.env,
    kernel: release(),
  };
}

/** In what this address of ours is shut up, so that nobody but the host machine reaches it; undefined where it is in nothing. */
export async function enclosureOf(
  local: LocalAddress,
  { isContainer, isPod, isAddOn, kernel }: Surroundings,
): Promise<'container' | 'add-on' | 'wsl' | undefined> {
  const isInside = isPod || (isContainer && isIn(containerNetworks(), local));
  const isOfContainer = isInside && (await mayBeOfContainer(local.interface));
  const isOfVirtualMachine =
    /linuxkit|microsoft/i.test(kernel) &&
    isIn(virtualMachineNetworks(), local) &&
    // WSL has this one where it has Windows' own networks ("mirrored").
    !(await hasInterface('loopback0'));
  if (!isOfContainer && !isOfVirtualMachine) return undefined;
  if (!isContainer && !isPod) return 'wsl';
  return isAddOn ? 'add-on' : 'container';
}

/** What Docker and Podman give to containers, as root and as an ordinary user. */
function containerNetworks(): BlockList {
  const networks = new BlockList();
  networks.addSubnet('172.16.0.0', 12);
  networks.addSubnet('10.88.0.0', 15);
  networks.addSubnet('10.0.2.0', 24);
  return networks;
}

/** What WSL and Docker Desktop give to their virtual machines. */
function virtualMachineNetworks(): BlockList {
  const networks = new BlockList();
  networks.addSubnet('172.16.0.0', 12);
  networks.addSubnet('192.168.65.0', 24);
  return networks;
}
