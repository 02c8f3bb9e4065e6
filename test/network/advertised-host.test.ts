import assert from 'node:assert/strict';
import { join } from 'node:path';
import { hostKind } from '../../lib/server/advertised-host';
import { ownNamespaces } from '../peers/namespaces';
import { itNeeding } from '../peers/needing';
import { type Resources, resourcesOfEachTest } from '../peers/resources';
import { runProgram } from '../peers/run-program';

/** What the kernel of another host is told to be in: two networks, the first of them the way out. */
const home = 'add_network home 10.66.0.1 && ip route add default via 10.66.0.254';
const lamps = 'add_network lamps 10.77.1.1';
const docker = 'add_network docker 172.17.0.2 && ip route add default via 172.17.0.1';
/** What Podman leaves there, in a folder of this host alone. */
const containerFile = 'mount -t tmpfs tmpfs /run && : > /run/.containerenv';

interface Seen {
  readonly payloads: string[];
  readonly hosts: string[];
  readonly warnings: string[];
}

/** Pushes on a host of its own: a namespace with these networks. What is mounted there is seen by nobody else. */
async function pushOn(
  resources: Resources,
  networks: readonly string[],
  broker: string,
  server: object = {},
): Promise<Seen> {
  const script = [
    'add_network() { ip link add $1 type veth peer name $1-peer && ip addr add $2/24 dev $1 && ip link set $1 up && ip link set $1-peer up; }',
    `${['ip link set lo up', ...networks].join(' && ')} || exit 9`,
    'exec "$@"',
  ].join('\n');
  const program = [
    process.execPath,
    '--require',
    'tsx/cjs',
    join(__dirname, 'push-here.ts'),
    broker,
    JSON.stringify(server),
  ];
  const stdout = await runProgram(
    resources,
    'unshare',
    ownNamespaces(['net', 'mount'], ['sh', '-c', script, 'sh', ...program]),
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Seen;
}

describe('The advertised host', function () {
  this.timeout(60_000);
  const resources = resourcesOfEachTest();
  const itOnItsOwnHost = (title: string, test: Mocha.AsyncFunc) => itNeeding(['namespaces'], title, test);

  itOnItsOwnHost(
    'is the local address of the broker connection: devices reach the broker over that network',
    async () => {
      const { payloads, hosts, warnings } = await pushOn(resources, [home, lamps], '10.77.1.1');
      assert.deepEqual(hosts, ['10.77.1.1', '10.77.1.1']);
      assert.deepEqual(payloads, ['success', 'success']);
      assert.deepEqual(warnings, []);
    },
  );

  itOnItsOwnHost('is the address of the default route where the broker is on loopback', async () => {
    const { payloads, hosts, warnings } = await pushOn(resources, [lamps, home], '127.0.0.1');
    assert.deepEqual(hosts, ['10.66.0.1', '10.66.0.1']);
    assert.deepEqual(payloads, ['success', 'success']);
    assert.deepEqual(warnings, []);
  });

  itOnItsOwnHost('is the address of any network where there is no default route', async () => {
    const { hosts } = await pushOn(resources, [lamps], '127.0.0.1');
    assert.deepEqual(hosts, ['10.77.1.1', '10.77.1.1']);
  });

  itOnItsOwnHost('is the one that was set, whatever else there is', async () => {
    const { hosts } = await pushOn(resources, [home, lamps], '10.77.1.1', { advertise: '10.66.0.1' });
    assert.deepEqual(hosts, ['10.66.0.1', '10.66.0.1']);
  });

  itOnItsOwnHost('is the address that the server listens on, where that is one: no other would answer', async () => {
    const { payloads, hosts } = await pushOn(resources, [home, lamps], '10.77.1.1', { bind: '10.66.0.1' });
    assert.deepEqual(hosts, ['10.66.0.1', '10.66.0.1']);
    assert.deepEqual(payloads, ['success', 'success']);
  });

  itOnItsOwnHost('is loopback only where there is nothing else, and that is warned about once', async () => {
    const { payloads, hosts, warnings } = await pushOn(resources, [], '127.0.0.1');
    assert.deepEqual(hosts, ['127.0.0.1', '127.0.0.1']);
    assert.deepEqual(payloads, ['success', 'success']);
    assert.deepEqual(warnings, ['ota-server.warnings.loopback']);
  });

  const kinds: [string, boolean, string][] = [
    ['127.0.0.1', false, 'loopback'],
    ['127.0.1.1', false, 'loopback'],
    ['localhost', false, 'loopback'],
    ['::1', false, 'loopback'],
    ['server.lan', false, 'name'],
    ['192.0.2.77', false, 'elsewhere'],
    ['172.17.0.2', true, 'container'],
    ['172.31.255.255', true, 'container'],
    ['10.88.0.5', true, 'container'],
    ['10.89.0.5', true, 'elsewhere'],
    ['172.17.0.2', false, 'elsewhere'],
  ];
  for (const [host, isContainer, kind] of kinds) {
    it(`${host} counts as ${kind}${isContainer ? ' inside a container' : ''}`, () => {
      assert.equal(hostKind(host, isContainer), kind);
    });
  }

  itOnItsOwnHost("of a container is warned about once, with the container's own network", async () => {
    const { hosts, warnings } = await pushOn(resources, [docker, containerFile], '127.0.0.1');
    assert.deepEqual(hosts, ['172.17.0.2', '172.17.0.2']);
    assert.deepEqual(warnings, ['ota-server.warnings.container']);
  });
});
