import assert from 'node:assert/strict';
import type { AddressChoice } from '../../lib/server/advertised-host';
import type { ReachProbe } from '../../lib/server/reach-probe';
import { itNeeding } from '../peers/needing';
import { resourcesOfEachTest } from '../peers/resources';
import { containerFile, runOn } from './host';

const home = 'add_network home 10.66.0.1 && ip route add default via 10.66.0.254';
const lamps = 'add_network lamps 10.77.1.1';
const inContainer = ['add_network eth0 172.17.0.2 && ip route add default via 172.17.0.1', containerFile];

const nothing: AddressChoice = { advertise: '', bind: '', brokerSide: undefined };

describe('The test of what devices can reach', function () {
  this.timeout(60_000);
  const resources = resourcesOfEachTest();

  const cases: [
    what: string,
    networks: readonly string[],
    choice: Partial<AddressChoice>,
    host: ReachProbe['host'],
    rest: Omit<ReachProbe, 'host'>,
    env?: Readonly<Record<string, string>>,
  ][] = [
    [
      'the address towards the broker, with its network',
      [home, lamps],
      { brokerSide: '10.77.1.1' },
      { host: '10.77.1.1', kind: 'own', rule: 'broker' },
      { network: '10.77.1.0/24', own: '10.77.1.1', enclosure: null },
    ],
    [
      'the address of the default route, where the broker is on loopback',
      [lamps, home],
      { brokerSide: '127.0.0.1' },
      { host: '10.66.0.1', kind: 'own', rule: 'default-route' },
      { network: '10.66.0.0/24', own: '10.66.0.1', enclosure: null },
    ],
    [
      'the address of any network, where there is no way out',
      [lamps],
      {},
      { host: '10.77.1.1', kind: 'own', rule: 'any-network' },
      { network: '10.77.1.0/24', own: '10.77.1.1', enclosure: null },
    ],
    [
      'loopback, where there is nothing else',
      [],
      {},
      { host: '127.0.0.1', kind: 'loopback', rule: 'nothing-else' },
      { network: null, own: '127.0.0.1', enclosure: null },
    ],
    [
      'an address inside the container',
      inContainer,
      {},
      { host: '172.17.0.2', kind: 'container', rule: 'default-route' },
      { network: null, own: '172.17.0.2', enclosure: 'container' },
    ],
    [
      'what was set, of a container whose ports have to be published all the same',
      inContainer,
      { advertise: '192.168.4.2' },
      { host: '192.168.4.2', kind: 'elsewhere', rule: 'advertise' },
      { network: null, own: '172.17.0.2', enclosure: 'container' },
    ],
    [
      "an address inside an add-on of Home Assistant's",
      inContainer,
      {},
      { host: '172.17.0.2', kind: 'add-on', rule: 'default-route' },
      { network: null, own: '172.17.0.2', enclosure: 'add-on' },
      { SUPERVISOR_TOKEN: 'of this add-on' },
    ],
  ];
  for (const [what, networks, choice, host, rest, env] of cases) {
    itNeeding(['namespaces'], `finds ${what}`, async () => {
      const found = await runOn(resources, networks, ['reach-here.ts', { ...nothing, ...choice }], env);
      assert.deepEqual(found, { host, ...rest });
    });
  }
});
