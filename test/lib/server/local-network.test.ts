import assert from 'node:assert/strict';
import { type LocalAddress, leadsToGuestsOnly, networkOf } from '../../../lib/server/local-network';
import { enclosureOf } from '../../../lib/server/surroundings';

/** Where the system shows nothing of an interface, as here, its name has to do. */
describe('An interface of this name', () => {
  const ofGuests = [
    'docker0',
    'docker_gwbridge',
    'br-1f2e3d4c5b6a',
    'hassio',
    'podman1',
    'cni0',
    'cni-podman0',
    'lxcbr0',
    'incusbr0',
    'virbr7',
    've-broker',
    'vboxnet0',
    'vmnet8',
    'vEthernet (WSL (Hyper-V firewall))',
    'vEthernet (Default Switch)',
    'VMware Network Adapter VMnet8',
  ];
  for (const name of ofGuests) {
    it(`leads to nobody but this machine's own containers and virtual machines: ${name}`, async () => {
      assert.equal(await leadsToGuestsOnly(name), true);
    });
  }

  const ofHouses = [
    'end0',
    'wlp3s0',
    'br-lan',
    'br-0',
    'bridge100',
    'vmbr0',
    'vEthernet (External)',
    'Ethernet',
    'utun4',
  ];
  for (const name of ofHouses) {
    it(`may lead to devices: ${name}`, async () => {
      assert.equal(await leadsToGuestsOnly(name), false);
    });
  }
});

describe('An address of this machine', () => {
  const onDebian = '6.1.0-13-amd64';
  const onDesktop = '6.10.14-linuxkit';
  const onWindows = '5.15.167.4-microsoft-standard-WSL2';
  const bare = { isContainer: false, isPod: false, isAddOn: false };
  const container = { isContainer: true };
  const pod = { isPod: true };
  const addOn = { isContainer: true, isAddOn: true };

  const cases: [string, object, string, string | undefined][] = [
    ['172.17.0.2', bare, onDebian, undefined],
    ['172.17.0.2', container, onDebian, 'container'],
    ['172.31.255.255', container, onDebian, 'container'],
    ['10.88.0.5', container, onDebian, 'container'],
    ['10.89.0.5', container, onDebian, 'container'],
    ['10.0.2.100', container, onDebian, 'container'],
    ['10.90.0.5', container, onDebian, undefined],
    ['192.168.65.3', container, onDebian, undefined],
    ['192.168.65.3', container, onDesktop, 'container'],
    ['10.42.0.7', pod, onDebian, 'container'],
    ['172.30.33.6', addOn, onDebian, 'add-on'],
    ['172.28.160.5', bare, onWindows, 'wsl'],
    ['192.168.4.20', bare, onWindows, undefined],
  ];
  for (const [address, where, kernel, expected] of cases) {
    it(`is ${expected ? `inside ${expected}` : 'in no enclosure'}: ${JSON.stringify({ address, ...where, kernel })}`, async () => {
      const surroundings = { ...bare, ...where, kernel };
      assert.equal(await enclosureOf(localAddress(address), surroundings), expected);
    });
  }
});

/** On an interface of which the system shows nothing. */
function localAddress(address: string): LocalAddress {
  const mac = '02:42:ac:11:00:02';
  return {
    address,
    interface: 'nowhere0',
    family: 'IPv4',
    netmask: '255.255.255.0',
    cidr: `${address}/24`,
    mac,
    internal: false,
  };
}

describe('The network of an address', () => {
  const networks: [string, string | null, string | undefined][] = [
    ['192.168.4.77', '192.168.4.77/24', '192.168.4.0/24'],
    ['10.20.30.40', '10.20.30.40/12', '10.16.0.0/12'],
    ['10.0.0.7', '10.0.0.7/32', '10.0.0.7/32'],
    ['10.0.0.7', '10.0.0.7/0', '0.0.0.0/0'],
    ['10.0.0.7', null, undefined],
    ['fd00::7', 'fd00::7/64', undefined],
  ];
  for (const [address, cidr, network] of networks) {
    it(`is ${network ?? 'not told'} for ${cidr ?? address}`, () => {
      const family = address.includes(':') ? 'IPv6' : 'IPv4';
      assert.equal(networkOf({ address, cidr, family } as LocalAddress), network);
    });
  }
});
