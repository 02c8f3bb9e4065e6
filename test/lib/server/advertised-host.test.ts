import assert from 'node:assert/strict';
import { hostKind } from '../../../lib/server/advertised-host';

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
      assert.equal(await hostKind(host, { isContainer, isAddOn: false, kernel: '6.1.0-13-amd64' }), kind);
    });
  }
});
