import assert from 'node:assert/strict';
import { KnownHostnames, matchingHostnames } from '../../../lib/server/known-hostnames';

describe('The hostnames that are known', () => {
  const lamps = ['lamp-10', 'Lamp-2', 'nightlamp', 'fan', 'lamp-1'];

  it('are offered as people order them: those that begin with what was typed first, numbers by their size', () => {
    assert.deepEqual(matchingHostnames(lamps, 'lamp', 10), ['lamp-1', 'Lamp-2', 'lamp-10', 'nightlamp']);
    assert.deepEqual(matchingHostnames(lamps, '', 10), ['fan', 'lamp-1', 'Lamp-2', 'lamp-10', 'nightlamp']);
  });

  it('are not offered where they do not hold what was typed, whatever that means elsewhere', () => {
    assert.deepEqual(matchingHostnames(lamps, 'FAN', 10), ['fan']);
    assert.deepEqual(matchingHostnames(lamps, '.*', 10), []);
  });

  it('are offered up to a number', () => {
    assert.deepEqual(matchingHostnames(lamps, '', 2), ['fan', 'lamp-1']);
  });

  it('are each there once, and none that is no hostname', () => {
    const known = new KnownHostnames();
    for (const hostname of ['fan', 'lamp', 'fan', 'not a hostname', '', '#']) known.add(hostname);
    assert.deepEqual(known.list(), ['lamp', 'fan']);
  });

  it('are the newest 10,000, whoever reports how many', () => {
    const known = new KnownHostnames();
    for (let at = 0; at < 25_000; at += 1) known.add(`lamp-${at}`);
    const all = known.list();
    assert.deepEqual([all.length, all[0], all.at(-1)], [10_000, 'lamp-15000', 'lamp-24999']);
  });
});
