import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { none, type RolloutEnded, RolloutStage } from '../peers/rollout-stage';
import { lamps } from '../peers/simulated-fleet';

describe('A rollout among others', () => {
  const stage = new RolloutStage();

  it('waits its turn while another one runs, and the status says so', async () => {
    await stage.start(2, { waves: '1', pause: '-1' });
    stage.send(lamps(2), { batch: 1 });
    await stage.flow.untilStatus(/paused/);
    stage.send(['lamp01'], { batch: 2 });
    await stage.flow.untilStatus(/waiting/);
    assert.deepEqual(stage.fleet.announced, ['lamp01']);
    stage.flow.send({ continue: true });
    const [first, second] = [await stage.ended(), await stage.ended()];
    assert.deepEqual([first.batch, second.batch], [1, 2]);
    assert.ok((second.rollout.durations.queued ?? 0) > 0);
  });

  it('is refused where a hundred wait already, as an error that says so', async () => {
    await stage.start(1, {}, { lamp01: { neverConnects: true } });
    for (let batch = 0; batch < 102; batch += 1) stage.send(['lamp01'], { batch });
    const { batch, error, ota } = await stage.flow.caught.next();
    assert.deepEqual([batch, ota.code], [101, 'queue_full']);
    assert.match(String(error?.message), /Too many rollouts wait at this node already, 100 of them, .*msg\.reset/);
    stage.flow.send({ reset: true });
    for (let left = 101; left > 0; left -= 1) await stage.flow.ends.nextThat(({ output }) => output === 2);
    assert.equal(stage.flow.caught.all.length, 1);
  });

  it('ends with msg.reset, and drops those that wait', async () => {
    await stage.start(3, { waves: '1' }, { lamp01: { neverConnects: true } });
    stage.send(lamps(3), { batch: 1 });
    stage.send(lamps(2), { batch: 2 });
    await stage.fleet.get('lamp01').next('announcement');
    stage.flow.send({ reset: true });
    const [first, second] = [await stage.ended(), await stage.ended()];
    assert.deepEqual([first.payload, second.payload], ['cancelled', 'cancelled']);
    assert.deepEqual(first.rollout.counts, { ...none, cancelled: 1, skipped: 2 });
    assert.deepEqual(second.rollout.counts, { ...none, skipped: 2 });
    assert.deepEqual(
      stage.ofDevices().map(({ target, payload }) => [target, payload]),
      [['lamp01', 'cancelled']],
    );
    stage.send(['lamp02']);
    assert.equal((await stage.ended()).payload, 'complete');
  });

  it('is not disturbed by steering when none runs', async () => {
    await stage.start(1);
    for (const word of ['pause', 'continue', 'reset']) stage.flow.send({ [word]: true });
    for (const _ of [1, 2, 3]) await stage.flow.completed.next();
    stage.send(lamps(1));
    assert.equal((await stage.ended()).payload, 'complete');
    assert.deepEqual(stage.flow.caught.all, []);
  });

  it('tells its progress in percent of devices, from 0', async () => {
    const slow = { pausesMsAfterEachRead: 300 };
    await stage.start(4, { progress: true, waves: '1' }, { lamp02: slow, lamp03: slow });
    stage.send(lamps(4), { payload: Buffer.alloc(400_000, '#') });
    await stage.ended();
    const told = stage.flow.progress.all.map(({ payload }) => payload);
    assert.equal(told[0], 0);
    assert.ok(told.includes(25) || told.includes(50), `told ${told}`);
    const { rollout } = stage.flow.progress.all.at(-1) as unknown as { rollout: RolloutEnded };
    assert.equal(rollout.targets.success?.length, Number(told.at(-1)) / 25);
  });

  it('ends when it is redeployed, and leaves no port open', async () => {
    await stage.start(3, { waves: '2' }, { lamp01: { neverConnects: true }, lamp02: { neverConnects: true } });
    const ports: number[] = [];
    for (const device of stage.fleet.devices.values()) device.on('announcement', ({ port }) => ports.push(port));
    const both = [stage.fleet.get('lamp01').next('announcement'), stage.fleet.get('lamp02').next('announcement')];
    stage.send(lamps(3));
    await Promise.all(both);
    await stage.flow.stop();
    assert.equal(ports.length, 2);
    for (const port of ports) await assert.rejects(connected(port), /ECONNREFUSED/);
  });

  it('takes 10,000 devices, and says at once how it stands', async () => {
    await stage.start(1, { waves: '1', pause: '-1' });
    const many = ['lamp01', ...Array.from({ length: 9999 }, (_, index) => `lamp-${index}`)];
    stage.send(many);
    const status = await stage.flow.untilStatus(/paused/);
    assert.match(status.text, /10000|paused/);
    stage.flow.send({ reset: true });
    const { rollout } = await stage.ended();
    assert.deepEqual(rollout.counts, { ...none, success: 1, skipped: 9999 });
  });
});

function connected(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    }).on('error', reject);
  });
}
