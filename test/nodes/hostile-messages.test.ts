import assert from 'node:assert/strict';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest, resourcesOfSuite } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { haUpdateDefaults, listener, place, type Received, TestFlow } from '../peers/test-flow';

const good = {
  payload: Buffer.from('print("hello")'),
  target: 'nightlamp',
  targets: ['nightlamp'],
  filename: 'main.py',
};

/** Node-RED copies messages for Catch nodes and for second wires; of this it can't make one. */
const deep = () => JSON.parse('['.repeat(12_000) + ']'.repeat(12_000)) as unknown;
/** Shallow at first sight: its first element is as deep. */
function chain(): unknown {
  const links = Array.from({ length: 12_000 }, () => ({}) as { next?: unknown });
  for (const [index, link] of links.entries()) link.next = links[index + 1];
  return links;
}
const throwing = () => ({
  get trap() {
    throw new Error('nobody copies this');
  },
});

const haUpdate = { id: 'update', type: 'ota-ha-update', ...place, server: 'server', ...haUpdateDefaults, wires: [[]] };

describe('A message that nobody can copy', () => {
  const resources = resourcesOfEachTest();
  const resourcesOfAll = resourcesOfSuite();

  let broker: AedesBroker;

  before(async () => {
    broker = await resourcesOfAll.use(startAedes());
  });

  const start = (settings: object = {}) => resources.use(TestFlow.start({ broker, ...settings }));

  /** It is caught, with the code, and the node goes on. */
  async function assertRefused(flow: TestFlow, message: Record<string, unknown>, says: RegExp): Promise<void> {
    flow.send(message);
    const { error, ota } = await flow.caught.next();
    assert.match(error?.message ?? '', says);
    assert.equal(ota.code, 'bad_input');
    flow.send({ ...good, filename: undefined });
    assert.match((await flow.caught.next()).error?.message ?? '', /file's name/);
  }

  const values = { 'nested 12,000 deep': deep, 'a chain of 12,000 objects': chain };
  for (const [what, value] of Object.entries(values)) {
    for (const property of [
      'payload',
      'target',
      'filename',
      'files',
      'error',
      'rc',
      'parts',
      'ota',
      'rollout',
      'other',
      '_msgid',
    ]) {
      it(`is a bad input to an OTA push: ${property} is ${what}`, async () => {
        await assertRefused(await start(), { ...good, [property]: value() }, new RegExp(`msg\\.${property} is nested`));
      });
    }
    for (const property of ['targets', 'payload', 'other']) {
      it(`is a bad input to an OTA rollout: ${property} is ${what}`, async () => {
        const flow = await start({ rollout: {} });
        await assertRefused(flow, { ...good, [property]: value() }, new RegExp(`msg\\.${property} is nested`));
      });
    }
    it(`is a bad input to an OTA rollout: a device’s own field is ${what}`, async () => {
      const targets = [{ target: 'nightlamp', room: value() }];
      await assertRefused(await start({ rollout: {} }), { ...good, targets }, /msg\.targets is nested/);
    });
    for (const property of ['payload', 'version', 'other']) {
      it(`is a bad input to an HA update: ${property} is ${what}`, async () => {
        const flow = await start({ more: [haUpdate], watched: ['update'] });
        flow.node('update').receive({ ...good, [property]: value() } as never);
        assert.match((await flow.caught.next()).error?.message ?? '', new RegExp(`msg\\.${property} is nested`));
      });
    }
  }

  it('is reported with what is left of it where it throws when it is looked at', async () => {
    const flow = await start();
    flow.send({ ...good, filename: undefined, other: throwing() });
    const { error, ota, _msgid } = await flow.caught.next();
    assert.match(error?.message ?? '', /file's name/);
    assert.equal(ota.code, 'bad_input');
    assert.equal(typeof _msgid, 'string');
  });

  /** It throws itself, whatever is read of it. */
  const unreadableError = () => {
    const error = new Error('nobody reads this');
    const { stack } = error;
    assert.ok(stack, 'it is made when it is read first, of what throws later');
    const trap = {
      get: () => {
        throw error;
      },
    };
    return Object.defineProperties(error, { message: trap, stack: trap, toString: trap, name: trap });
  };

  for (const property of ['files', 'payload', 'target', 'restore', 'reset', 'statusCode', 'ota'])
    it(`is reported where ${property} throws an error that nobody can read`, async () => {
      const flow = await start();
      flow.send({
        ...good,
        get [property]() {
          throw unreadableError();
        },
      });
      assert.equal(typeof (await flow.caught.next()).error?.message, 'string');
      flow.send({ ...good, filename: undefined });
      assert.match((await flow.caught.next()).error?.message ?? '', /file's name/);
    });

  for (const property of ['code', 'cause'])
    it(`is reported where it throws an error whose ${property} nobody can read`, async () => {
      const flow = await start();
      const error = Object.defineProperty(new Error('no files'), property, {
        get: () => {
          throw new Error('nobody reads this');
        },
      });
      flow.send({
        ...good,
        get files() {
          throw error;
        },
      });
      assert.match((await flow.caught.next()).error?.message ?? '', /no files/);
    });

  it('is reported without its id where that throws once it has come', async () => {
    const flow = await start();
    let isThere = false;
    flow.send({
      ...good,
      filename: undefined,
      get _msgid() {
        if (isThere) throw new Error('nobody copies this');
        return 'id';
      },
    });
    isThere = true;
    const { error, ota } = await flow.caught.next();
    assert.match(error?.message ?? '', /file's name/);
    assert.equal(ota.code, 'bad_input');
  });

  it('is reported where it can’t be changed either', async () => {
    const flow = await start();
    flow.send(Object.freeze({ ...good, _msgid: 'frozen', other: deep() }));
    const { error, _msgid } = await flow.caught.next();
    assert.match(error?.message ?? '', /msg\.other is nested/);
    assert.equal(_msgid, 'frozen');
  });

  it('is reported where a source of it throws while another one fails', async () => {
    const flow = await start({ push: { target: '$number("no")', targetType: 'jsonata' } });
    flow.send(
      Object.defineProperty({ ...good }, 'payload', {
        get() {
          throw new Error('no payload');
        },
      }),
    );
    assert.match((await flow.caught.next()).error?.message ?? '', /could not be read from/);
    await new Promise(setImmediate);
  });

  it('gets its result all the same where it can’t be changed', async () => {
    const flow = await start();
    await resources.use(SimulatedDevice.start({ brokerUrl: broker.url }));
    flow.send(Object.freeze({ ...good, _msgid: 'frozen' }));
    const { payload, ota, _msgid } = await flow.ends.next();
    assert.deepEqual([payload, ota.result, _msgid], ['success', 'success', 'frozen']);
  });

  it('is complete where a Complete node can’t have a copy', async () => {
    const flow = await start();
    flow.send({ ...good, reset: true, other: throwing() });
    assert.match((await flow.caught.next()).error?.message ?? '', /nobody copies this/);
  });

  it('ends as an error where two wires need copies', async () => {
    const flow = await start({
      push: { wires: [['output1', 'second'], ['output2', 'second'], []], timeout: '0.2' },
      more: [listener('second')],
    });
    flow.send({ ...good, other: throwing() });
    const { error } = (await flow.caught.next()) as Received;
    assert.match(error?.message ?? '', /nobody copies this/);
  });
});
