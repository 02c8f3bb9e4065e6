import assert from 'node:assert/strict';
import { addressTowards } from '../../../lib/server/route';

describe('The address towards a host', () => {
  it('is known for an address and for a name', async () => {
    assert.equal(await addressTowards('127.0.0.1'), '127.0.0.1');
    assert.equal(await addressTowards('localhost'), '127.0.0.1');
  });

  it('is not known where nobody knows the name', async () => {
    assert.equal(await addressTowards('nobody.invalid'), undefined);
  });

  it('is not known where there is no way, and nothing is left open', async () => {
    assert.equal(await addressTowards('fe80::1'), undefined);
  });
});
