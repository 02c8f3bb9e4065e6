import assert from 'node:assert/strict';
import { heldBytes } from '../../lib/held-bytes';
import { startAedes, type WatchedBroker } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { place, TestFlow } from '../peers/test-flow';

const mebibyte = 1024 * 1024;
const good = { payload: 'x', filename: 'lamp.txt', target: 'nightlamp', targets: ['nightlamp'] };
/** Four of them wait, and the fifth is too much. The system gives such memory only as it is written to. */
const large = () => ({ ...good, photo: Buffer.alloc(60 * mebibyte) });

const haUpdate = {
  id: 'update',
  type: 'ota-ha-update',
  ...place,
  server: 'server',
  prefix: '',
  baseTopic: '',
  wires: [[]],
};

describe('What waits with its message', () => {
  const resources = resourcesOfEachTest();

  let broker: WatchedBroker;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
  });

  const start = (settings: object) => resources.use(TestFlow.start({ broker, ...settings }));

  it('is a push, and too much where the messages are, whatever is in them besides the file', async () => {
    const flow = await start({ push: { announceOn: 'lamps/awake' } });
    for (let at = 0; at < 5; at += 1) flow.send({ ...large(), target: `lamp-${at}` });
    const { ota } = await flow.ends.next();
    assert.deepEqual([ota.code, ota.target], ['queue_full', 'lamp-4']);
    assert.match(String(ota.message), /4 of them, with 2\d\d MB/);
  });

  it('is a rollout, too', async () => {
    const flow = await start({ rollout: {} });
    for (let at = 0; at < 6; at += 1) flow.send({ ...large(), at });
    const { error, at } = await flow.caught.next();
    assert.equal(at, 5, 'the first does not wait');
    assert.match(error?.message ?? '', /Too many rollouts wait at this node already, 4 of them, with 2\d\d MB/);
  });

  it('is a message behind one whose Python is checked, too', async () => {
    const flow = await start({});
    flow.send({ ...good, filename: 'main.py', payload: 'pass' });
    for (let at = 0; at < 5; at += 1) flow.send({ ...large(), at });
    const { error, at } = await flow.caught.next();
    assert.equal(at, 4);
    assert.match(error?.message ?? '', /Too many messages wait for files to be checked, 5 of them, with 2\d\d MB/);
  });

  it('is a release for Home Assistant that is on its way to the disk, too', async () => {
    const flow = await start({ more: [haUpdate], watched: ['update'] });
    for (let at = 0; at < 5; at += 1) flow.node('update').receive({ ...large(), at } as never);
    const { error, ota, at } = await flow.caught.next();
    assert.equal(at, 4);
    assert.match(error?.message ?? '', /Too many messages wait at this node already, 4 of them, with 2\d\d MB/);
    assert.equal(ota.code, 'queue_full');
    for (let left = 4; left > 0; left -= 1) await flow.completed.next();
    flow.node('update').receive({ ...large(), at: 5 } as never);
    assert.equal((await flow.completed.next()).at, 5);
  });
});

describe('What a value holds', () => {
  const circular: Record<string, unknown> = { text: 'x'.repeat(1000) };
  circular.self = circular;
  /** Another one each time that it is looked at. */
  const endless = (): object => ({
    get one() {
      return endless();
    },
    get other() {
      return endless();
    },
  });
  const values: [string, unknown, number, number][] = [
    ['a number', 1, 1, 100],
    ['a text', 'x'.repeat(1000), 2000, 2100],
    ['a file', Buffer.alloc(1000), 1000, 1100],
    ['memory without a view of it', new ArrayBuffer(1000), 1000, 1100],
    ['a list of more values than are looked at', Array(1_000_000).fill(1), 8_000_000, 40_000_000],
    ['a list of texts', Array(100).fill('x'.repeat(1000)), 200_000, 210_000],
    ['a map', new Map([['x'.repeat(1000), new Set(['x'.repeat(1000)])]]), 4000, 4500],
    ['a ring', circular, 2000, 2200],
    ['what has no end', endless(), 4 * mebibyte, 16 * mebibyte],
    [
      'what throws when it is looked at',
      {
        get file() {
          throw new Error('nobody looks at this');
        },
      },
      1,
      100,
    ],
  ];
  for (const [what, value, least, most] of values) {
    it(`is about as much as it takes: ${what}`, () => {
      const bytes = heldBytes([value]);
      assert.ok(bytes >= least && bytes <= most, `${bytes} bytes`);
    });
  }
});
