import assert from 'node:assert/strict';
import { announcedHost, hostKind } from '../../../lib/server/advertised-host';

describe('A host that was set', () => {
  const cases: [string, boolean, string][] = [
    ['127.0.0.1', false, 'loopback'],
    ['127.0.1.1', false, 'loopback'],
    ['localhost', false, 'loopback'],
    ['::1', false, 'loopback'],
    ['server.lan', false, 'name'],
    ['192.0.2.77', false, 'elsewhere'],
    ['192.0.2.77', true, 'elsewhere'],
    // The machine that a container runs on, in a house that uses this network.
    ['172.20.255.77', true, 'elsewhere'],
  ];
  for (const [host, isContainer, kind] of cases) {
    it(`${host} counts as ${kind}${isContainer ? ' inside a container' : ''}`, async () => {
      assert.equal(await hostKind(host, { isContainer, isPod: false, isAddOn: false, kernel: '6.1.0-13-amd64' }), kind);
    });
  }
});

describe('The rule by which a host is announced', () => {
  const rules: [string, Parameters<typeof announcedHost>[0], string, string][] = [
    [
      'that it was set',
      { advertise: 'lamps.lan', bind: '127.0.0.1', brokerSide: '192.0.2.1' },
      'lamps.lan',
      'advertise',
    ],
    ['the address to listen on', { advertise: '', bind: '127.0.0.1', brokerSide: '192.0.2.1' }, '127.0.0.1', 'bind'],
    // Of an address that the system does not know nothing is held against it.
    ['the way to the broker', { advertise: '', bind: '0.0.0.0', brokerSide: '192.0.2.1' }, '192.0.2.1', 'broker'],
  ];
  for (const [what, choice, host, rule] of rules) {
    it(`is ${what}`, async () => {
      const chosen = await announcedHost(choice);
      assert.deepEqual([chosen.host, chosen.rule], [host, rule]);
    });
  }
});
