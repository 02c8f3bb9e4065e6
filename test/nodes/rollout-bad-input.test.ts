import assert from 'node:assert/strict';
import { RolloutStage } from '../peers/rollout-stage';
import { lamps } from '../peers/simulated-fleet';

describe('A rollout that cannot begin', () => {
  const stage = new RolloutStage();

  const bad: [what: string, changes: Record<string, unknown>, says: RegExp][] = [
    ['no list', { targets: undefined }, /list of hostnames.*msg\.targets, got nothing/],
    ['an empty list', { targets: [] }, /msg\.targets, got an array of 0/],
    ['one hostname instead of a list', { targets: 'lamp01' }, /msg\.targets, got "lamp01"/],
    ['an object instead of a list', { targets: { target: 'lamp01' } }, /msg\.targets, got an object/],
    ['a number in the list', { targets: ['lamp01', 7] }, /Entry 2 of msg\.targets.*it is no text, got 7/],
    ['nothing in the list', { targets: ['lamp01', null] }, /Entry 2 of msg\.targets.*got nothing/],
    ['a list in the list', { targets: [['lamp01']] }, /Entry 1 of msg\.targets.*got an array of 1/],
    ['an object without a target', { targets: [{ host: 'lamp01' }] }, /Entry 1 of msg\.targets.*got nothing/],
    ['a wildcard', { targets: ['lamp01', 'lamp02', '#'] }, /Entry 3 of msg\.targets.*\+ # \//],
    ['an object with a bad target', { targets: [{ target: 'my lamp' }] }, /Entry 1 .*printable ASCII.*got "my lamp"/],
    ['a line of a file', { targets: undefined, parts: { type: 'string' } }, /this message is a part of one/],
    ['the name of a file', { payload: '/data/main.py', filename: '/data/main.py' }, /this is its name/],
    ['no file', { payload: undefined }, /Buffer or a text, got nothing/],
    ['a bad name', { filename: 'tmp' }, /in which devices receive/],
    ['a bad set', { files: [] }, /msg\.files.*got an array of 0/],
    ['a set with a hole', { files: new Array(1) }, /Entry 1 of msg\.files.*got nothing/],
    ['the result of a rollout', { payload: 'complete', rollout: { id: '1' } }, /result of a rollout/],
  ];
  for (const [what, changes, says] of bad) {
    it(`refuses ${what}, and starts nothing`, async () => {
      await stage.start(1);
      stage.send(lamps(1), changes);
      const { output, error, ota } = await stage.flow.ends.next();
      assert.equal(output, 0);
      assert.match(error?.message ?? '', says);
      assert.equal(ota.code, 'bad_input');
      assert.deepEqual(stage.fleet.announced, []);
    });
  }

  const badSettings: [property: string, value: string, says: RegExp][] = [
    ['file', '', /file could not be read|Buffer or a text/],
    ['waves', '10, half', /waves.*got "10, half"/],
    ['pause', '-2', /pause between waves.*got "-2"/],
    ['targets', 'lamp01, lamp/2', /Entry 2 of the devices: .*got "lamp\/2"/],
    ['stopAfter', '0', /failures to stop after.*got "0"/],
    ['server', '', /no-server/],
  ];
  for (const [property, value, says] of badSettings) {
    it(`refuses to start where ${property} is ${JSON.stringify(value)}`, async () => {
      await stage.start(1, { [property]: value });
      stage.send(lamps(1));
      const { output, error } = await stage.flow.ends.next();
      assert.equal(output, 0);
      assert.match(error?.message ?? '', says);
    });
  }
});
