import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { none, patient, RolloutStage } from '../peers/rollout-stage';
import { inOrder, lamps } from '../peers/simulated-fleet';

describe('A rollout in waves', () => {
  const stage = new RolloutStage();

  it('starts a wave when the one before has ended, in the order of the list', async () => {
    await stage.start(6, { waves: '1, 2' });
    const announcedWhenEnded: number[] = [];
    stage.flow.node('output1').on('input', () => announcedWhenEnded.push(stage.fleet.announced.length));
    stage.send(lamps(6));
    const { rollout } = await stage.ended();
    assert.deepEqual(
      rollout.waves.map(({ size }) => size),
      [1, 2, 2, 1],
    );
    assert.deepEqual(stage.fleet.announced.slice(0, 1), ['lamp01']);
    assert.deepEqual(inOrder(stage.fleet.announced.slice(1, 3)), ['lamp02', 'lamp03']);
    assert.deepEqual(inOrder(stage.fleet.announced.slice(3, 5)), ['lamp04', 'lamp05']);
    assert.equal(announcedWhenEnded[0], 1, 'the second wave had to wait for the first');
  });

  it('waits between waves for so many seconds, and msg.continue shortens that', async () => {
    await stage.start(3, { waves: '1', pause: '0.3' });
    stage.send(lamps(3));
    const { rollout } = await stage.ended();
    assert.ok((rollout.durations.paused ?? 0) >= 590, `paused for ${rollout.durations.paused} ms`);
    await stage.flow.stop();
    await stage.startFlow({ rollout: { waves: '1', pause: '3600' } });
    stage.send(lamps(2));
    await stage.flow.untilStatus(/paused/);
    stage.flow.send({ continue: true });
    assert.equal((await stage.ended()).payload, 'complete');
  });

  it('waits between waves until msg.continue where the pause is -1', async () => {
    await stage.start(2, { waves: '1', pause: '-1' });
    stage.send(lamps(2));
    const status = await stage.flow.untilStatus(/paused/);
    assert.deepEqual([status.fill, status.shape], ['yellow', 'ring']);
    assert.deepEqual(stage.fleet.announced, ['lamp01']);
    stage.flow.send({ continue: true });
    assert.equal((await stage.ended()).rollout.counts.success, 2);
    const last = await stage.flow.untilStatus(/complete/);
    assert.deepEqual([last.fill, last.shape], ['green', 'dot']);
  });

  it('stays paused beyond the pause between waves when somebody pauses it', async () => {
    await stage.start(2, { waves: '1', pause: '2' });
    stage.send(lamps(2));
    await stage.flow.untilStatus(/paused/);
    stage.flow.send({ pause: true });
    await setTimeout(2100); // set later and for longer than the pause's own, so it ends later, however slow the machine is
    assert.deepEqual(stage.fleet.announced, ['lamp01']);
    stage.flow.send({ continue: true });
    assert.equal((await stage.ended()).payload, 'complete');
  });

  it('starts no further device while msg.pause holds it, and lets those under way end', async () => {
    await stage.start(4, {}, { lamp01: { pausesMsAfterEachRead: 100 } }, { concurrency: '1' });
    stage.send(lamps(4), { payload: Buffer.alloc(300_000, '#') });
    await stage.fleet.get('lamp01').next('connected');
    stage.flow.send({ pause: true });
    const first = await stage.flow.ends.next();
    assert.deepEqual([first.target, first.payload], ['lamp01', 'success']);
    await stage.flow.untilStatus(/paused/);
    assert.deepEqual(stage.fleet.announced, ['lamp01']);
    stage.flow.send({ continue: true });
    assert.equal((await stage.ended()).rollout.counts.success, 4);
    assert.deepEqual(stage.fleet.announced, lamps(4));
  });

  it('counts devices that wait for a place among the pushes at once as not started', async () => {
    await stage.start(3, {}, { lamp03: { pausesMsAfterEachRead: 100 } }, { concurrency: '1' });
    // Another rollout's push would do as well: it has the only place.
    stage.send(['lamp03'], { payload: Buffer.alloc(300_000, '#') });
    await stage.fleet.get('lamp03').next('connected');
    stage.send(lamps(2));
    stage.flow.send({ reset: true });
    const [one, other] = [await stage.ended(), await stage.ended()];
    assert.deepEqual([one.payload, other.payload], ['cancelled', 'cancelled']);
    assert.deepEqual(one.rollout.targets.cancelled, ['lamp03']);
    assert.deepEqual(other.rollout.targets.skipped, lamps(2));
    assert.deepEqual(stage.fleet.announced, ['lamp03']);
  });

  it('stops by itself when so many have failed: those under way end, the others are skipped', async () => {
    const off = { neverConnects: true };
    await stage.start(6, { waves: '3', stopAfter: '2', ...patient }, { lamp01: off, lamp03: off });
    stage.send(lamps(6));
    const { payload, rollout } = await stage.ended();
    assert.equal(payload, 'stopped');
    assert.deepEqual(rollout.counts, { ...none, success: 1, timeout: 2, skipped: 3 });
    assert.deepEqual(rollout.targets.skipped, ['lamp04', 'lamp05', 'lamp06']);
    const status = await stage.flow.untilStatus(/stopped/);
    assert.deepEqual([status.fill, status.shape], ['red', 'ring']);
  });

  it('stops in the middle of a wave: who waits for a place was not started', async () => {
    await stage.start(5, { stopAfter: '1', ...patient }, { lamp02: { neverConnects: true } }, { concurrency: '1' });
    stage.send(lamps(5));
    const { payload, rollout } = await stage.ended();
    assert.equal(payload, 'stopped');
    assert.deepEqual([rollout.targets.success, rollout.targets.timeout], [['lamp01'], ['lamp02']]);
    assert.deepEqual(rollout.targets.skipped, ['lamp03', 'lamp04', 'lamp05']);
    assert.deepEqual(stage.fleet.announced, ['lamp01', 'lamp02']);
  });

  it('is complete when the last devices fail: nobody was held back', async () => {
    await stage.start(1, { stopAfter: '1', timeout: '0.2' }, { lamp01: { neverConnects: true } });
    stage.send(lamps(1));
    assert.equal((await stage.ended()).payload, 'complete');
    const status = await stage.flow.untilStatus(/complete/);
    assert.deepEqual([status.fill, status.shape], ['red', 'ring']);
  });

  it('is paused by a message that comes while its file is still being read', async () => {
    await stage.start(1, { file: 'payload', fileType: 'jsonata' });
    stage.send(lamps(1));
    stage.flow.send({ pause: true });
    await stage.flow.untilStatus(/paused/);
    assert.deepEqual(stage.fleet.announced, []);
    stage.flow.send({ continue: true });
    assert.equal((await stage.ended()).payload, 'complete');
  });
});
