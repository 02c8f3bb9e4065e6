import assert from 'node:assert/strict';
import { matchingHostnames } from '../../../lib/devices/hostnames';

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
});
