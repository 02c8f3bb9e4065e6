import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import type { Misbehaviour } from '../peers/simulated-device';
import { inOrder, lamps, SimulatedFleet } from '../peers/simulated-fleet';
import { type FlowSettings, place, pushDefaults, type Received, TestFlow } from '../peers/test-flow';

const file = Buffer.from('print("lamp version 2")\n');
/** More than any kernel keeps: who stops reading has not taken it. */
const big = Buffer.alloc(16_000_000, '#');
/** Where one device is to come and another one not: longer than a busy machine takes for the first. */
const patient = { timeout: '3' };
const none = { success: 0, unchanged: 0, timeout: 0, failed: 0, cancelled: 0, skipped: 0 };

/** What output 2 says. */
interface Rollout {
  readonly id: string;
  readonly counts: Record<string, number>;
  readonly targets: Record<string, string[]>;
  readonly waves: { readonly size: number; readonly counts: Record<string, number> }[];
  readonly durations: Record<string, number>;
}

describe('A rollout', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let fleet: SimulatedFleet;
  let flow: TestFlow;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
  });

  const start = async (
    count: number,
    rollout: Record<string, unknown> = {},
    misbehaviours: Record<string, Misbehaviour> = {},
    server: Record<string, unknown> = {},
  ) => {
    await startFleet(count, misbehaviours);
    await startFlow({ rollout, server });
  };

  const startFleet = async (count: number, misbehaviours: Record<string, Misbehaviour> = {}) => {
    fleet = await resources.use(SimulatedFleet.start(broker.url, lamps(count), misbehaviours));
  };

  const startFlow = async (settings: Omit<FlowSettings, 'broker'>) => {
    flow = await resources.use(TestFlow.start({ broker, ...settings }));
  };

  const send = (targets: unknown, more: Record<string, unknown> = {}) =>
    flow.send({ payload: file, filename: 'main.py', targets, ...more });

  /** The rollout's last message. */
  const ended = async () => {
    const end = await flow.ends.nextThat(({ output }) => output !== 1);
    assert.equal(end.output, 2, end.error?.message);
    return end as Received & { readonly rollout: Rollout };
  };

  const ofDevices = () => flow.ends.all.filter(({ output }) => output === 1);

  it('brings the file to every device, tells of each as it ends, and sums up at the end', async () => {
    await start(5, patient, { lamp02: { stallsAfterBytes: 1 }, lamp04: { neverConnects: true } });
    send(lamps(5), { batch: 'spring', payload: big });
    const { payload, rollout, batch, targets } = await ended();
    assert.equal(payload, 'complete');
    assert.deepEqual(rollout.targets, {
      success: ['lamp01', 'lamp03', 'lamp05'],
      unchanged: [],
      timeout: ['lamp02', 'lamp04'],
      failed: [],
      cancelled: [],
      skipped: [],
    });
    assert.deepEqual(rollout.counts, { ...none, success: 3, timeout: 2 });
    assert.deepEqual(rollout.waves, [{ size: 5, counts: rollout.counts }]);
    assert.deepEqual([batch, targets], ['spring', undefined]);
    const told = ofDevices().map(({ target, payload: result, ota, batch: its, targets: all }) => {
      assert.deepEqual([ota.target, ota.result, all, its], [target, result, undefined, 'spring']);
      return [target, ota.code];
    });
    assert.deepEqual(inOrder(told), [
      ['lamp01', null],
      ['lamp02', 'stalled'],
      ['lamp03', null],
      ['lamp04', 'no_connection'],
      ['lamp05', null],
    ]);
    assert.deepEqual(fleet.having('main.py', big), ['lamp01', 'lamp03', 'lamp05']);
    await flow.completed.next();
    assert.equal(flow.completed.all.length, 1);
  });

  it('goes to the devices of its dialog where a message brings no list, each once', async () => {
    await start(3, { targets: ' lamp02, lamp03\nlamp02,' });
    send(undefined);
    assert.deepEqual((await ended()).rollout.targets.success, ['lamp02', 'lamp03']);
    send(null);
    assert.deepEqual((await ended()).rollout.targets.success, ['lamp02', 'lamp03']);
  });

  it('goes to the devices that a message brings, whatever its dialog has', async () => {
    await start(3, { targets: 'lamp02, lamp03' });
    send(['lamp01']);
    assert.deepEqual((await ended()).rollout.targets.success, ['lamp01']);
  });

  it("hands a device's own fields back with its result, which wins where names collide", async () => {
    await start(1);
    send([{ target: 'lamp01', room: 'hall', payload: 'mine', ota: 1, _msgid: 'x' }], { room: 'any', _msgid: 'm1' });
    await ended();
    const [message] = ofDevices();
    assert.deepEqual(
      [message?.target, message?.room, message?.payload, message?.ota.result, message?._msgid],
      ['lamp01', 'hall', 'success', 'success', 'm1'],
    );
  });

  it('never sends the bytes along, wherever they came from', async () => {
    await start(1, { file: 'release.bytes', filename: 'release.name' });
    const release = { bytes: file, name: 'main.py', version: 7 };
    flow.send({ targets: lamps(1), release, payload: 'was here' });
    const end = await ended();
    for (const { release: rest } of [end, ...ofDevices()]) assert.deepEqual(rest, { name: 'main.py', version: 7 });
    assert.deepEqual(release.bytes, file, 'the message of whoever sent it is as it was');
  });

  const sources: [what: string, file: string, fileType: string][] = [
    ['a property of a property', 'release.bytes', 'msg'],
    ['a name that begins with msg.', 'msg.firmware', 'msg'],
    ['a name that holds another property', 'byVersion[msg.version]', 'msg'],
    ['an entry of a list', 'attachments[0].content', 'msg'],
    ['an expression', 'firmware', 'jsonata'],
  ];
  for (const [what, property, fileType] of sources) {
    it(`sends no byte along that came from ${what}, and the rest as it was`, async () => {
      await start(1, { file: property, fileType });
      const [name] = property.replace('msg.', '').split(/[.[]/);
      const all = {
        release: { bytes: file, n: 7 },
        firmware: file,
        byVersion: { v2: file, n: 7 },
        attachments: [{ content: file, n: 7 }],
      };
      flow.send({ targets: lamps(1), filename: 'main.py', version: 'v2', [name ?? '']: all[name as keyof typeof all] });
      const end = await ended();
      assert.equal(end.payload, 'complete');
      const rests = { release: { n: 7 }, firmware: undefined, byVersion: { n: 7 }, attachments: [{ n: 7 }] };
      for (const message of [end, ...ofDevices()]) {
        assert.deepEqual(message[name ?? ''], rests[name as keyof typeof rests]);
      }
    });
  }

  it('gives each device fields of its own, though their entries share an object', async () => {
    await start(2);
    const site = { floor: 1 };
    send(lamps(2).map((target) => ({ target, site })));
    await ended();
    const [one, other] = ofDevices();
    assert.deepEqual([one?.site, other?.site], [site, site]);
    assert.notEqual(one?.site, other?.site);
    assert.notEqual(one?.site, site);
  });

  it('is not held up by a device whose turn another push has, which may sleep for days', async () => {
    const sleeper = { target: 'lamp01', targetType: 'str', announceOn: '{target}/awake', filename: 'other.py' };
    await startFleet(3);
    await startFlow({
      server: { concurrency: '1' },
      rollout: {},
      more: [
        {
          id: 'sleeper',
          type: 'ota-push',
          ...place,
          server: 'server',
          ...pushDefaults,
          ...sleeper,
          filenameType: 'str',
          wires: [],
        },
      ],
    });
    flow.node('sleeper').receive({ payload: 'pass' } as never);
    await broker.subscribed.nextThat((topic) => topic === 'lamp01/awake');
    send(lamps(3));
    const ends = [await flow.ends.next(), await flow.ends.next()];
    assert.deepEqual(
      ends.map(({ target }) => target),
      ['lamp02', 'lamp03'],
    );
    await fleet.get('lamp01').say('awake', 'yes');
    assert.deepEqual((await ended()).rollout.counts, { ...none, success: 3 });
  });

  it('is paused by a message that comes while its file is still being read', async () => {
    await start(1, { file: 'payload', fileType: 'jsonata' });
    send(lamps(1));
    flow.send({ pause: true });
    await flow.untilStatus(/paused/);
    assert.deepEqual(fleet.announced, []);
    flow.send({ continue: true });
    assert.equal((await ended()).payload, 'complete');
  });

  it('pushes to a device that is listed twice once', async () => {
    await start(2);
    send(['lamp01', { target: 'lamp01', room: 'hall' }, 'lamp02', 'lamp01']);
    const { rollout } = await ended();
    assert.equal(rollout.counts.success, 2);
    assert.deepEqual(inOrder(fleet.announced), ['lamp01', 'lamp02']);
  });

  it('brings a set of files, with one restart of each device', async () => {
    await start(2);
    flow.send({
      targets: lamps(2),
      files: [
        { filename: 'lib/lamp.py', payload: 'pass' },
        { filename: 'main.py', payload: file },
      ],
    });
    const end = await ended();
    assert.equal(end.rollout.counts.success, 2);
    assert.equal(end.files, undefined);
    for (const device of fleet.devices.values()) assert.equal(device.reboots, 1);
  });

  it('tries network faults again', async () => {
    await start(1, { retries: '1', retryDelay: '0.1', timeout: '0.3' }, { lamp01: { neverConnects: true } });
    send(lamps(1));
    await ended();
    assert.equal(ofDevices()[0]?.ota.attempts, 2);
  });

  it('skips devices that have the file', async () => {
    await start(3, { skipUnchanged: true });
    send(lamps(2));
    await ended();
    send(lamps(3));
    const { rollout } = await ended();
    assert.deepEqual(rollout.targets.unchanged, ['lamp01', 'lamp02']);
    assert.deepEqual(rollout.targets.success, ['lamp03']);
    assert.deepEqual(inOrder(fleet.announced), lamps(3));
  });

  it('starts a wave when the one before has ended, in the order of the list', async () => {
    await start(6, { waves: '1, 2' });
    const announcedWhenEnded: number[] = [];
    flow.node('output1').on('input', () => announcedWhenEnded.push(fleet.announced.length));
    send(lamps(6));
    const { rollout } = await ended();
    assert.deepEqual(
      rollout.waves.map(({ size }) => size),
      [1, 2, 2, 1],
    );
    assert.deepEqual(fleet.announced.slice(0, 1), ['lamp01']);
    assert.deepEqual(inOrder(fleet.announced.slice(1, 3)), ['lamp02', 'lamp03']);
    assert.deepEqual(inOrder(fleet.announced.slice(3, 5)), ['lamp04', 'lamp05']);
    assert.equal(announcedWhenEnded[0], 1, 'the second wave had to wait for the first');
  });

  it('waits between waves for so many seconds, and msg.continue shortens that', async () => {
    await start(3, { waves: '1', pause: '0.3' });
    send(lamps(3));
    const { rollout } = await ended();
    assert.ok((rollout.durations.paused ?? 0) >= 590, `paused for ${rollout.durations.paused} ms`);
    await flow.stop();
    await startFlow({ rollout: { waves: '1', pause: '3600' } });
    send(lamps(2));
    await flow.untilStatus(/paused/);
    flow.send({ continue: true });
    assert.equal((await ended()).payload, 'complete');
  });

  it('waits between waves until msg.continue where the pause is -1', async () => {
    await start(2, { waves: '1', pause: '-1' });
    send(lamps(2));
    const status = await flow.untilStatus(/paused/);
    assert.deepEqual([status.fill, status.shape], ['yellow', 'ring']);
    assert.deepEqual(fleet.announced, ['lamp01']);
    flow.send({ continue: true });
    assert.equal((await ended()).rollout.counts.success, 2);
    const last = await flow.untilStatus(/complete/);
    assert.deepEqual([last.fill, last.shape], ['green', 'dot']);
  });

  it('stays paused beyond the pause between waves when somebody pauses it', async () => {
    await start(2, { waves: '1', pause: '2' });
    send(lamps(2));
    await flow.untilStatus(/paused/);
    flow.send({ pause: true });
    await setTimeout(2100); // set later and for longer than the pause's own, so it ends later, however slow the machine is
    assert.deepEqual(fleet.announced, ['lamp01']);
    flow.send({ continue: true });
    assert.equal((await ended()).payload, 'complete');
  });

  it('starts no further device while msg.pause holds it, and lets those under way end', async () => {
    await start(4, {}, { lamp01: { pausesMsAfterEachRead: 100 } }, { concurrency: '1' });
    send(lamps(4), { payload: Buffer.alloc(300_000, '#') });
    await fleet.get('lamp01').next('connected');
    flow.send({ pause: true });
    const first = await flow.ends.next();
    assert.deepEqual([first.target, first.payload], ['lamp01', 'success']);
    await flow.untilStatus(/paused/);
    assert.deepEqual(fleet.announced, ['lamp01']);
    flow.send({ continue: true });
    assert.equal((await ended()).rollout.counts.success, 4);
    assert.deepEqual(fleet.announced, lamps(4));
  });

  it('counts devices that wait for a place among the pushes at once as not started', async () => {
    await start(3, {}, { lamp03: { pausesMsAfterEachRead: 100 } }, { concurrency: '1' });
    // Another rollout's push would do as well: it has the only place.
    send(['lamp03'], { payload: Buffer.alloc(300_000, '#') });
    await fleet.get('lamp03').next('connected');
    send(lamps(2));
    flow.send({ reset: true });
    const [one, other] = [await ended(), await ended()];
    assert.deepEqual([one.payload, other.payload], ['cancelled', 'cancelled']);
    assert.deepEqual(one.rollout.targets.cancelled, ['lamp03']);
    assert.deepEqual(other.rollout.targets.skipped, lamps(2));
    assert.deepEqual(fleet.announced, ['lamp03']);
  });

  it('stops by itself when so many have failed: those under way end, the others are skipped', async () => {
    const off = { neverConnects: true };
    await start(6, { waves: '3', stopAfter: '2', ...patient }, { lamp01: off, lamp03: off });
    send(lamps(6));
    const { payload, rollout } = await ended();
    assert.equal(payload, 'stopped');
    assert.deepEqual(rollout.counts, { ...none, success: 1, timeout: 2, skipped: 3 });
    assert.deepEqual(rollout.targets.skipped, ['lamp04', 'lamp05', 'lamp06']);
    const status = await flow.untilStatus(/stopped/);
    assert.deepEqual([status.fill, status.shape], ['red', 'ring']);
  });

  it('stops in the middle of a wave: who waits for a place was not started', async () => {
    await start(5, { stopAfter: '1', ...patient }, { lamp02: { neverConnects: true } }, { concurrency: '1' });
    send(lamps(5));
    const { payload, rollout } = await ended();
    assert.equal(payload, 'stopped');
    assert.deepEqual([rollout.targets.success, rollout.targets.timeout], [['lamp01'], ['lamp02']]);
    assert.deepEqual(rollout.targets.skipped, ['lamp03', 'lamp04', 'lamp05']);
    assert.deepEqual(fleet.announced, ['lamp01', 'lamp02']);
  });

  it('is complete when the last devices fail: nobody was held back', async () => {
    await start(1, { stopAfter: '1', timeout: '0.2' }, { lamp01: { neverConnects: true } });
    send(lamps(1));
    assert.equal((await ended()).payload, 'complete');
    const status = await flow.untilStatus(/complete/);
    assert.deepEqual([status.fill, status.shape], ['red', 'ring']);
  });

  it('waits its turn while another one runs, and the status says so', async () => {
    await start(2, { waves: '1', pause: '-1' });
    send(lamps(2), { batch: 1 });
    await flow.untilStatus(/paused/);
    send(['lamp01'], { batch: 2 });
    await flow.untilStatus(/waiting/);
    assert.deepEqual(fleet.announced, ['lamp01']);
    flow.send({ continue: true });
    const [first, second] = [await ended(), await ended()];
    assert.deepEqual([first.batch, second.batch], [1, 2]);
    assert.ok((second.rollout.durations.queued ?? 0) > 0);
  });

  it('is refused where a hundred wait already, as an error that says so', async () => {
    await start(1, {}, { lamp01: { neverConnects: true } });
    for (let batch = 0; batch < 102; batch += 1) send(['lamp01'], { batch });
    const { batch, error, ota } = await flow.caught.next();
    assert.deepEqual([batch, ota.code], [101, 'queue_full']);
    assert.match(String(error?.message), /Too many rollouts wait at this node already, 100 of them, .*msg\.reset/);
    flow.send({ reset: true });
    for (let left = 101; left > 0; left -= 1) await flow.ends.nextThat(({ output }) => output === 2);
    assert.equal(flow.caught.all.length, 1);
  });

  it('ends with msg.reset, and drops those that wait', async () => {
    await start(3, { waves: '1' }, { lamp01: { neverConnects: true } });
    send(lamps(3), { batch: 1 });
    send(lamps(2), { batch: 2 });
    await fleet.get('lamp01').next('announcement');
    flow.send({ reset: true });
    const [first, second] = [await ended(), await ended()];
    assert.deepEqual([first.payload, second.payload], ['cancelled', 'cancelled']);
    assert.deepEqual(first.rollout.counts, { ...none, cancelled: 1, skipped: 2 });
    assert.deepEqual(second.rollout.counts, { ...none, skipped: 2 });
    assert.deepEqual(
      ofDevices().map(({ target, payload }) => [target, payload]),
      [['lamp01', 'cancelled']],
    );
    send(['lamp02']);
    assert.equal((await ended()).payload, 'complete');
  });

  it('is not disturbed by steering when none runs', async () => {
    await start(1);
    for (const word of ['pause', 'continue', 'reset']) flow.send({ [word]: true });
    for (const _ of [1, 2, 3]) await flow.completed.next();
    send(lamps(1));
    assert.equal((await ended()).payload, 'complete');
    assert.deepEqual(flow.caught.all, []);
  });

  it('tells its progress in percent of devices, from 0', async () => {
    const slow = { pausesMsAfterEachRead: 300 };
    await start(4, { progress: true, waves: '1' }, { lamp02: slow, lamp03: slow });
    send(lamps(4), { payload: Buffer.alloc(400_000, '#') });
    await ended();
    const told = flow.progress.all.map(({ payload }) => payload);
    assert.equal(told[0], 0);
    assert.ok(told.includes(25) || told.includes(50), `told ${told}`);
    const { rollout } = flow.progress.all.at(-1) as unknown as { rollout: Rollout };
    assert.equal(rollout.targets.success?.length, Number(told.at(-1)) / 25);
  });

  it('ends when it is redeployed, and leaves no port open', async () => {
    await start(3, { waves: '2' }, { lamp01: { neverConnects: true }, lamp02: { neverConnects: true } });
    const ports: number[] = [];
    for (const device of fleet.devices.values()) device.on('announcement', ({ port }) => ports.push(port));
    const both = [fleet.get('lamp01').next('announcement'), fleet.get('lamp02').next('announcement')];
    send(lamps(3));
    await Promise.all(both);
    await flow.stop();
    assert.equal(ports.length, 2);
    for (const port of ports) await assert.rejects(connected(port), /ECONNREFUSED/);
  });

  it('takes 10,000 devices, and says at once how it stands', async () => {
    await start(1, { waves: '1', pause: '-1' });
    const many = ['lamp01', ...Array.from({ length: 9999 }, (_, index) => `lamp-${index}`)];
    send(many);
    const status = await flow.untilStatus(/paused/);
    assert.match(status.text, /10000|paused/);
    flow.send({ reset: true });
    const { rollout } = await ended();
    assert.deepEqual(rollout.counts, { ...none, success: 1, skipped: 9999 });
  });

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
      await start(1);
      send(lamps(1), changes);
      const { output, error, ota } = await flow.ends.next();
      assert.equal(output, 0);
      assert.match(error?.message ?? '', says);
      assert.equal(ota.code, 'bad_input');
      assert.deepEqual(fleet.announced, []);
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
      await start(1, { [property]: value });
      send(lamps(1));
      const { output, error } = await flow.ends.next();
      assert.equal(output, 0);
      assert.match(error?.message ?? '', says);
    });
  }
});

function connected(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    }).on('error', reject);
  });
}
