import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { messageOf } from '../../lib/error-message';
import { startAedes, type TestBroker } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { listener, place, type Received, TestFlow } from '../peers/test-flow';

/** A Function node's own `Uint8Array`, `Error` and the like are none of ours: its code runs in a context of its own. */
const functionNode = {
  id: 'function',
  ...place,
  type: 'function',
  outputs: 1,
  timeout: 0,
  initialize: '',
  finalize: '',
  libs: [],
  noerr: 0,
};

describe('What a Function node has made', () => {
  const resources = resourcesOfEachTest();

  let broker: TestBroker;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
  });

  const start = (func: string, settings: object = {}) => {
    const more = [{ ...functionNode, func, wires: [['push']] }, listener('more')];
    return resources.use(TestFlow.start({ broker, more, coreNodes: ['function/10-function'], ...settings }));
  };

  const device = () => resources.use(SimulatedDevice.start({ brokerUrl: broker.url }));

  async function end(flow: TestFlow): Promise<Received> {
    flow.node('function').receive({} as never);
    return flow.ends.next();
  }

  const files: [string, string][] = [
    ['a Uint8Array', 'new Uint8Array([112, 97, 115, 115])'],
    ['a part of one', 'new Uint8Array([1, 112, 97, 115, 115, 2]).subarray(1, 5)'],
    ['a Buffer', 'Buffer.from("pass")'],
  ];
  for (const [what, payload] of files) {
    it(`is taken as a file: ${what}`, async () => {
      const flow = await start(`return { payload: ${payload}, target: 'nightlamp', filename: 'main.py' };`);
      const lamp = await device();
      assert.equal((await end(flow)).payload, 'success');
      assert.equal(lamp.files.get('main.py')?.toString(), 'pass');
    });
  }

  it('is taken as a set: a list of files with Uint8Arrays', async () => {
    const flow = await start(
      `return { files: [{ filename: 'main.py', payload: new Uint8Array([112, 97, 115, 115]) }], target: 'nightlamp' };`,
    );
    const lamp = await device();
    assert.equal((await end(flow)).payload, 'success');
    assert.equal(lamp.files.get('main.py')?.toString(), 'pass');
  });

  it('is said of as bytes where they stand for something else', async () => {
    const flow = await start(`return { payload: 'pass', target: new Uint8Array(3), filename: 'main.py' };`);
    assert.match(String((await end(flow)).ota.message), /got 3 bytes/);
  });

  it('is taken as the devices of a rollout, and its bytes do not come along', async () => {
    const flow = await start(
      `const bytes = new Uint8Array([112, 97, 115, 115]);
       return { payload: bytes, copy: bytes, filename: 'main.py', targets: [{ target: 'nightlamp', room: 'attic' }], when: new Date(0) };`,
      { rollout: {} },
    );
    await device();
    const { payload, room, copy, when } = await end(flow);
    assert.deepEqual([payload, room, copy], ['success', 'attic', undefined]);
    assert.equal(Number(when), 0);
  });

  const errors: [string, string, string][] = [
    ['an error', 'new RangeError("the store is full")', 'the store is full'],
    ['an object with a message', '({ message: "the store is full" })', 'the store is full'],
    ['a text', '"the store is full"', 'the store is full'],
    ['nothing', 'undefined', 'undefined'],
    ['an error without words', 'new TypeError()', 'TypeError'],
    ['what is no text', 'Object.create(null)', 'unknown error'],
    ['what throws when it is asked', '({ get message() { throw 1; } })', 'unknown error'],
  ];
  for (const [what, code, says] of errors) {
    it(`is read by its message where it is thrown: ${what}`, () => {
      assert.equal(messageOf(runInNewContext(code)), says);
    });
  }
});
