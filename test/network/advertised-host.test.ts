import assert from 'node:assert/strict';
import { itNeeding } from '../peers/needing';
import type { PeerName } from '../peers/peers';
import { resourcesOfEachTest } from '../peers/resources';
import { assertReached as assertReachedOn, containerFile, pushOn } from './host';
import type { Scene } from './push-here';

/** What the kernel of another host is told to be in: two networks, the first of them the way out. */
const home = 'add_network home 10.66.0.1 && ip route add default via 10.66.0.254';
const lamps = 'add_network lamps 10.77.1.1';
/** Where a device fetches files: whoever it is announced to can't reach this host's other networks. */
const lampAtHome = { namespace: 'at-home', broker: '10.66.0.1' };
const homeWithLamp = `${home} && add_device home 10.66.0.50`;

const neededBy = (network: string): PeerName[] => (network.includes('add_tap') ? ['tun'] : []);

describe('The advertised host', function () {
  this.timeout(60_000);
  const resources = resourcesOfEachTest();
  const itOnItsOwnHost = (title: string, test: Mocha.AsyncFunc, more: readonly PeerName[] = []) =>
    itNeeding(['namespaces', ...more], title, test);
  const push = (networks: readonly string[], scene: Scene, env?: Readonly<Record<string, string>>) =>
    pushOn(resources, networks, scene, env);

  const assertReached = (host: string, networks: readonly string[], scene: Scene) =>
    assertReachedOn(resources, host, networks, scene);

  itOnItsOwnHost('is the local address of the broker connection: devices reach the broker over that network', () =>
    assertReached('10.77.1.1', [home, lamps], { brokerAt: '10.77.1.1' }),
  );

  itOnItsOwnHost('is the address of the default route where the broker is on loopback', () =>
    assertReached('10.66.0.1', [lamps, home], { brokerAt: '127.0.0.1' }),
  );

  itOnItsOwnHost('is the address of any network where there is no default route', () =>
    assertReached('10.77.1.1', [lamps], { brokerAt: '127.0.0.1' }),
  );

  itOnItsOwnHost('is the one that was set, whatever else there is', () =>
    assertReached('10.66.0.1', [home, lamps], { brokerAt: '10.77.1.1', server: { advertise: '10.66.0.1' } }),
  );

  itOnItsOwnHost('is the address that the server listens on, where that is one: no other would answer', () =>
    assertReached('10.66.0.1', [home, lamps], { brokerAt: '10.77.1.1', server: { bind: '10.66.0.1' } }),
  );

  itOnItsOwnHost('is loopback only where there is nothing else, and that is warned about once', async () => {
    const { payloads, hosts, warnings } = await push([], { brokerAt: '127.0.0.1' });
    assert.deepEqual(hosts, ['127.0.0.1', '127.0.0.1']);
    assert.deepEqual(payloads, ['success', 'success']);
    assert.deepEqual(warnings, ['ota-server.warnings.loopback']);
  });

  describe("on Home Assistant OS, where Node-RED has the host's network and the broker is on its bridge", () => {
    const machine = [
      homeWithLamp,
      containerFile,
      'add_bridge hassio 172.30.32.1/23 && add_container hassio 172.30.33.4/23 veth6f1c2a9',
    ];
    const brokers: [string, string][] = [
      ["the container's", '172.30.33.4'],
      ["the bridge's", '172.30.32.1'],
      ["the house's", '10.66.0.1'],
      ['localhost', '127.0.0.1'],
    ];
    for (const [whose, brokerFor] of brokers) {
      itOnItsOwnHost(`is the address in the house where the broker's is ${whose}`, () =>
        assertReached('10.66.0.1', machine, {
          brokerAt: '172.30.33.4',
          isInContainer: true,
          brokerFor,
          device: lampAtHome,
        }),
      );
    }

    itOnItsOwnHost('is that also where there is no way out of the house', () =>
      assertReached('10.66.0.1', [...machine, 'ip route del default'], {
        brokerAt: '172.30.33.4',
        isInContainer: true,
        device: lampAtHome,
      }),
    );
  });

  const onDocker = 'add_bridge docker0 172.17.0.1/16 && add_container docker0 172.17.0.2/16 veth6f1c2a9';
  const bridges: [string, string][] = [
    ["a bridge of Docker's", onDocker],
    [
      'a bridge of containers with a name of its own',
      'add_bridge lampnet 172.17.0.1/16 && add_container lampnet 172.17.0.2/16 veth6f1c2a9',
    ],
    [
      "a bridge of libvirt's",
      'add_bridge virbr0 172.17.0.1/16 && add_tap virbr0 virbr0-nic && add_container virbr0 172.17.0.2/16 veth0',
    ],
    [
      'a bridge of virtual machines with a name of its own',
      'add_bridge vmbr1 172.17.0.1/16 && add_tap vmbr1 tap100i0 vnet_hdr && add_container vmbr1 172.17.0.2/16 veth0',
    ],
    ["a bridge of Docker's that the system does not show", `${onDocker} && mount -t tmpfs tmpfs /sys`],
  ];
  for (const [what, bridge] of bridges) {
    itOnItsOwnHost(
      `is not the address on ${what}, where the broker is: devices are not`,
      () =>
        assertReached('10.66.0.1', [homeWithLamp, bridge], {
          brokerAt: '172.17.0.2',
          isInContainer: true,
          device: lampAtHome,
        }),
      neededBy(bridge),
    );
  }

  const secondNetworks: [string, string, string][] = [
    ['a network 172.16', '172.16.5.1', 'add_network lamps 172.16.5.1 && show_card lamps'],
    ["a network like Docker's", '172.17.0.1', 'add_network lamps 172.17.0.1 && show_card lamps'],
    [
      "a bridge of the house's own, with a card in it",
      '172.16.5.1',
      'add_cable lan1 && add_bridge br0 172.16.5.1/24 && ip link set lan1 master br0',
    ],
    [
      "a bridge of the house's own that a container is on too",
      '10.77.1.1',
      'add_cable lan1 && add_bridge br0 10.77.1.1/24 && ip link set lan1 master br0 && add_container br0 10.77.1.9/24 veth6f1c2a9',
    ],
    [
      "OpenWrt's bridge br-lan",
      '10.77.1.1',
      'add_cable lan1 && add_bridge br-lan 10.77.1.1/24 && ip link set lan1 master br-lan',
    ],
    [
      "a bridge of the house's own that is called as Docker's, with a card in it",
      '10.77.1.1',
      'add_cable lan1 && add_bridge docker0 10.77.1.1/24 && ip link set lan1 master docker0',
    ],
    [
      'a bridge that joins distant sites',
      '10.77.1.1',
      'add_bridge br0 10.77.1.1/24 && add_tap br0 tap0 && add_tap br0 tap1',
    ],
    ['a bridge with nothing in it yet', '10.77.1.1', 'add_bridge br0 10.77.1.1/24'],
  ];
  for (const [what, address, network] of secondNetworks) {
    itOnItsOwnHost(
      `is the address in the second network where the broker is there: ${what}`,
      () => assertReached(address, [home, network], { brokerAt: address }),
      neededBy(network),
    );
  }

  itOnItsOwnHost(
    "is that of the house in a container with the host's network, and nobody is warned though it is like a container's",
    () =>
      assertReached('172.16.5.1', ['add_network end0 172.16.5.1', containerFile, 'show_card end0'], {
        brokerAt: '172.16.5.1',
      }),
  );

  itOnItsOwnHost(
    'is that in the house for a container that is there too, though the broker is in a network of containers',
    () => assertReached('10.66.0.1', ['add_network eth1 172.17.0.2', home, containerFile], { brokerAt: '172.17.0.2' }),
  );

  /** Nobody comes for what is announced at this host: that is warned about once, and the push says what to do. */
  async function assertNotReached(
    [host, kind, remedy]: readonly [string, string, RegExp],
    networks: readonly string[],
    brokerAt: string,
    env?: Readonly<Record<string, string>>,
  ): Promise<void> {
    const scene = { brokerAt, device: null, server: { ports: '40000-40019' }, timeout: '0.4' };
    const { payloads, hosts, warnings, remedies } = await push(networks, scene, env);
    assert.deepEqual(
      [payloads, hosts],
      [
        ['timeout', 'timeout'],
        [host, host],
      ],
    );
    assert.deepEqual(warnings, [`ota-server.warnings.${kind}`]);
    assert.match(String(remedies[0]), remedy);
  }

  for (const brokerAt of ['127.0.0.1', '172.17.0.2']) {
    itOnItsOwnHost(
      `of a container is the container's own, where the broker is at ${brokerAt}; that is warned about`,
      () =>
        assertNotReached(
          [
            '172.17.0.2',
            'container',
            /^172\.17\.0\.2 is an address inside the container, .* and publish them from the container/,
          ],
          ['add_network eth0 172.17.0.2 && ip route add default via 172.17.0.1', containerFile],
          brokerAt,
        ),
    );
  }

  const kubernetes = { KUBERNETES_SERVICE_HOST: '10.43.0.1' };

  itOnItsOwnHost("of a pod of Kubernetes' is the pod's own, whatever its range; that is warned about", () =>
    assertNotReached(
      ['10.42.0.7', 'container', /^10\.42\.0\.7 is an address inside the container/],
      ['add_network eth0 10.42.0.7 && ip route add default via 10.42.0.1'],
      '10.42.0.7',
      kubernetes,
    ),
  );

  itOnItsOwnHost("is that of the house in a pod with the host's network, and nobody is warned", async () => {
    const networks = ['add_network end0 10.66.0.1 && add_device end0 10.66.0.50', 'show_card end0'];
    const { hosts, warnings } = await push(networks, { brokerAt: '10.66.0.1' }, kubernetes);
    assert.deepEqual([hosts, warnings], [['10.66.0.1', '10.66.0.1'], []]);
  });

  itOnItsOwnHost("of an add-on of Home Assistant's without the host's network is told by Home Assistant's fields", () =>
    assertNotReached(
      ['172.30.33.6', 'add-on', /Settings > System > Network\) into "Advertised address".* Configuration > Network/],
      ['add_network eth0 172.30.33.6 && ip route add default via 172.30.33.1', containerFile],
      '172.30.33.6',
      { SUPERVISOR_TOKEN: 'of this add-on' },
    ),
  );

  itOnItsOwnHost('is on a bridge of containers only where there is nothing else, and that is warned about', () =>
    assertNotReached(
      ['172.17.0.1', 'guests', /^172\.17\.0\.1 is the address of this machine in a network of its own containers/],
      [onDocker],
      '172.17.0.1',
    ),
  );

  itOnItsOwnHost(
    'is the address in the house where the broker is given by its name in Tailscale, where no board is',
    () =>
      assertReached('10.66.0.1', [homeWithLamp, 'add_tunnel tailscale0 100.101.102.103'], {
        brokerAt: '0.0.0.0',
        brokerFor: '100.101.102.103',
        device: lampAtHome,
      }),
    ['tun'],
  );

  itOnItsOwnHost(
    'is that of the VPN over which the broker is reached: devices may be behind it',
    () => assertReached('10.8.0.2', [home, 'add_tunnel wg0 10.8.0.2'], { brokerAt: '10.8.0.2' }),
    ['tun'],
  );

  itOnItsOwnHost(
    'is the address in the house where all that leaves it goes through a VPN, and the broker is on loopback',
    () =>
      assertReached(
        '10.66.0.1',
        [
          'add_tunnel tun0 10.8.0.2 && ip route add default dev tun0',
          'add_network home 10.66.0.1 && add_device home 10.66.0.50',
        ],
        {
          brokerAt: '0.0.0.0',
          brokerFor: '127.0.0.1',
          device: lampAtHome,
        },
      ),
    ['tun'],
  );

  itOnItsOwnHost(
    "is the VPN's where there is nothing else that devices may reach",
    () =>
      assertReached(
        '10.8.0.2',
        [
          'add_tunnel tun0 10.8.0.2 && ip route add default dev tun0',
          'add_bridge hassio 172.30.32.1/23 && add_container hassio 172.30.33.4/23 veth6f1c2a9',
        ],
        {
          brokerAt: '172.30.32.1',
        },
      ),
    ['tun'],
  );
});
