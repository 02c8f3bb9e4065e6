import { itNeeding } from '../peers/needing';
import { resourcesOfEachTest } from '../peers/resources';
import { mqttNodesIn } from '../peers/versions';
import { assertReached } from './host';
import type { Scene } from './push-here';

/** Two networks, the first of them the way out. */
const networks = [
  'add_network home 10.66.0.1 && ip route add default via 10.66.0.254',
  'add_network lamps 10.77.1.1',
  'echo 10.77.1.1 broker.house > /run/hosts && mount --bind /run/hosts /etc/hosts',
];

/** Whose MQTT.js is 4.3, 5.15 and 5.15. */
const versions: [string, string | undefined][] = [
  ['of Node-RED 3.1', mqttNodesIn('node-18.5')],
  ['of Node-RED 4', undefined],
  ['of Node-RED 5', mqttNodesIn('node-24')],
];

const transports: [string, NonNullable<Scene['over']>][] = [
  ['TLS', 'mqtts'],
  ['WebSocket', 'ws'],
  ['WebSocket with TLS', 'wss'],
];

describe('The advertised host, where the broker is in the second network', function () {
  this.timeout(60_000);
  const resources = resourcesOfEachTest();

  for (const [whose, mqttNodes] of versions) {
    for (const [what, over] of transports) {
      itNeeding(
        ['namespaces', 'mosquitto', 'openssl', ...(mqttNodes ? (['versions'] as const) : [])],
        `is the address there over ${what}, with the MQTT nodes ${whose}`,
        () =>
          assertReached(resources, '10.77.1.1', networks, {
            brokerAt: '10.77.1.1',
            over,
            ...(mqttNodes ? { mqttNodes } : {}),
          }),
      );
    }
  }

  itNeeding(
    ['namespaces', 'mosquitto'],
    'is the address there over WebSocket where the broker is given by its name',
    () =>
      assertReached(resources, '10.77.1.1', networks, { brokerAt: '10.77.1.1', brokerFor: 'broker.house', over: 'ws' }),
  );

  itNeeding(
    ['namespaces', 'mosquitto'],
    'is that of the default route over WebSocket where the broker is on loopback',
    () => assertReached(resources, '10.66.0.1', networks, { brokerAt: '127.0.0.1', over: 'ws' }),
  );
});
