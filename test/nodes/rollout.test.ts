import assert from 'node:assert/strict';
import { file, none, patient, RolloutStage } from '../peers/rollout-stage';
import { inOrder, lamps } from '../peers/simulated-fleet';
import { place, pushDefaults } from '../peers/test-flow';

/** More than any kernel keeps: who stops reading has not taken it. */
const big = Buffer.alloc(16_000_000, '#');

describe('A rollout', () => {
  const stage = new RolloutStage();

  it('brings the file to every device, tells of each as it ends, and sums up at the end', async () => {
    await stage.start(5, patient, { lamp02: { stallsAfterBytes: 1 }, lamp04: { neverConnects: true } });
    stage.send(lamps(5), { batch: 'spring', payload: big });
    const { payload, rollout, batch, targets } = await stage.ended();
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
    const told = stage.ofDevices().map(({ target, payload: result, ota, batch: its, targets: all }) => {
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
    assert.deepEqual(stage.fleet.having('main.py', big), ['lamp01', 'lamp03', 'lamp05']);
    await stage.flow.completed.next();
    assert.equal(stage.flow.completed.all.length, 1);
  });

  it('goes to the devices of its dialog where a message brings no list, each once', async () => {
    await stage.start(3, { targets: ' lamp02, lamp03\nlamp02,' });
    stage.send(undefined);
    assert.deepEqual((await stage.ended()).rollout.targets.success, ['lamp02', 'lamp03']);
    stage.send(null);
    assert.deepEqual((await stage.ended()).rollout.targets.success, ['lamp02', 'lamp03']);
  });

  it('goes to the devices that a message brings, whatever its dialog has', async () => {
    await stage.start(3, { targets: 'lamp02, lamp03' });
    stage.send(['lamp01']);
    assert.deepEqual((await stage.ended()).rollout.targets.success, ['lamp01']);
  });

  it("hands a device's own fields back with its result, which wins where names collide", async () => {
    await stage.start(1);
    stage.send([{ target: 'lamp01', room: 'hall', payload: 'mine', ota: 1, _msgid: 'x' }], {
      room: 'any',
      _msgid: 'm1',
    });
    await stage.ended();
    const [message] = stage.ofDevices();
    assert.deepEqual(
      [message?.target, message?.room, message?.payload, message?.ota.result, message?._msgid],
      ['lamp01', 'hall', 'success', 'success', 'm1'],
    );
  });

  it('never sends the bytes along, wherever they came from', async () => {
    await stage.start(1, { file: 'release.bytes', filename: 'release.name' });
    const release = { bytes: file, name: 'main.py', version: 7 };
    stage.flow.send({ targets: lamps(1), release, payload: 'was here' });
    const end = await stage.ended();
    for (const { release: rest } of [end, ...stage.ofDevices()])
      assert.deepEqual(rest, { name: 'main.py', version: 7 });
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
      await stage.start(1, { file: property, fileType });
      const [name] = property.replace('msg.', '').split(/[.[]/);
      const all = {
        release: { bytes: file, n: 7 },
        firmware: file,
        byVersion: { v2: file, n: 7 },
        attachments: [{ content: file, n: 7 }],
      };
      stage.flow.send({
        targets: lamps(1),
        filename: 'main.py',
        version: 'v2',
        [name ?? '']: all[name as keyof typeof all],
      });
      const end = await stage.ended();
      assert.equal(end.payload, 'complete');
      const rests = { release: { n: 7 }, firmware: undefined, byVersion: { n: 7 }, attachments: [{ n: 7 }] };
      for (const message of [end, ...stage.ofDevices()]) {
        assert.deepEqual(message[name ?? ''], rests[name as keyof typeof rests]);
      }
    });
  }

  it('gives each device fields of its own, though their entries share an object', async () => {
    await stage.start(2);
    const site = { floor: 1 };
    stage.send(lamps(2).map((target) => ({ target, site })));
    await stage.ended();
    const [one, other] = stage.ofDevices();
    assert.deepEqual([one?.site, other?.site], [site, site]);
    assert.notEqual(one?.site, other?.site);
    assert.notEqual(one?.site, site);
  });

  it('is not held up by a device whose turn another push has, which may sleep for days', async () => {
    const sleeper = { target: 'lamp01', targetType: 'str', announceOn: '{target}/awake', filename: 'other.py' };
    await stage.startFleet(3);
    await stage.startFlow({
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
    stage.flow.node('sleeper').receive({ payload: 'pass' } as never);
    await stage.broker.subscribed.nextThat((topic) => topic === 'lamp01/awake');
    stage.send(lamps(3));
    const ends = [await stage.flow.ends.next(), await stage.flow.ends.next()];
    assert.deepEqual(
      ends.map(({ target }) => target),
      ['lamp02', 'lamp03'],
    );
    await stage.fleet.get('lamp01').say('awake', 'yes');
    assert.deepEqual((await stage.ended()).rollout.counts, { ...none, success: 3 });
  });

  it('pushes to a device that is listed twice once', async () => {
    await stage.start(2);
    stage.send(['lamp01', { target: 'lamp01', room: 'hall' }, 'lamp02', 'lamp01']);
    const { rollout } = await stage.ended();
    assert.equal(rollout.counts.success, 2);
    assert.deepEqual(inOrder(stage.fleet.announced), ['lamp01', 'lamp02']);
  });

  it('brings a set of files, with one restart of each device', async () => {
    await stage.start(2);
    stage.flow.send({
      targets: lamps(2),
      files: [
        { filename: 'lib/lamp.py', payload: 'pass' },
        { filename: 'main.py', payload: file },
      ],
    });
    const end = await stage.ended();
    assert.equal(end.rollout.counts.success, 2);
    assert.equal(end.files, undefined);
    for (const device of stage.fleet.devices.values()) assert.equal(device.reboots, 1);
  });

  it('tries network faults again', async () => {
    await stage.start(1, { retries: '1', retryDelay: '0.1', timeout: '0.3' }, { lamp01: { neverConnects: true } });
    stage.send(lamps(1));
    await stage.ended();
    assert.equal(stage.ofDevices()[0]?.ota.attempts, 2);
  });

  it('skips devices that have the file', async () => {
    await stage.start(3, { skipUnchanged: true });
    stage.send(lamps(2));
    await stage.ended();
    stage.send(lamps(3));
    const { rollout } = await stage.ended();
    assert.deepEqual(rollout.targets.unchanged, ['lamp01', 'lamp02']);
    assert.deepEqual(rollout.targets.success, ['lamp03']);
    assert.deepEqual(inOrder(stage.fleet.announced), lamps(3));
  });
});
