import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { describeNeeding } from '../peers/needing';
import type { PeerEnd } from '../peers/raw-peer';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { amount } from './amount';
import { NodeRedAtBroker } from './node-red';
import { WaitingFleet } from './waiting-fleet';

/** More than the kernels on both sides take in. */
const large = '# lamp '.repeat(1_200_000);
const small = { filename: 'lamp.bin', payload: '# lamp' };
const counts = { absent: amount({ short: 180, long: 980 }), stalling: 8, silent: 20, pressed: 20 };

const named = (kind: keyof typeof counts) => Array.from({ length: counts[kind] }, (_, number) => `${kind}-${number}`);

describeNeeding(['python'], 'Node-RED that goes away with many pushes under way', function () {
  this.timeout(120_000);
  const resources = resourcesOfEachTest();
  let broker: AedesBroker;
  let nodeRed: NodeRedAtBroker;
  let fleet: WaitingFleet;

  /** In every phase: they wait for their devices, send, wait for a word; entities of Home Assistant's are in progress. */
  async function stage(): Promise<void> {
    broker = await resources.use(startAedes());
    fleet = await WaitingFleet.start(resources, broker.url);
    const patient = { timeout: '600', verifyTimeout: '600' };
    const server = { concurrency: '10000', format: 'signed' };
    nodeRed = await NodeRedAtBroker.start(resources, { broker, server, push: patient, rollout: patient });
    const pressed = named('pressed').map((name) => `absent-${name}`);
    assert.equal((await nodeRed.ask('update', { ...small, targets: pressed, version: '1' })).error, null);
    for (const target of pressed) await fleet.client.publishAsync(`ota-push/update/${target}/install`, 'install');
    for (const target of named('silent')) await nodeRed.give('push', { ...small, target });
    const targets = [...named('absent'), ...named('stalling')];
    await nodeRed.give('rollout', { filename: 'lamp.bin', payload: large, targets });
    for (let left = targets.length + counts.silent + counts.pressed; left > 0; left -= 1) await fleet.announced.next();
    for (let left = counts.stalling; left > 0; left -= 1) await fleet.stalled.next();
    for (let left = counts.silent; left > 0; left -= 1) await fleet.taken.next();
    for (const target of pressed) assert.equal(stateOf(target).in_progress, true);
  }

  function stateOf(target: string): { readonly in_progress: boolean } {
    const last = broker.packets.all.findLast(({ topic }) => topic === `ota-push/update/${target}/state`);
    return JSON.parse(last?.text ?? assert.fail(`${target} has no state`));
  }

  function endsOfStalled(): Promise<PeerEnd[]> {
    return Promise.all(
      fleet.stalled.all.map((peer) => {
        peer.goOn();
        return peer.ended();
      }),
    );
  }

  const assertNoneInProgress = () => {
    for (const name of named('pressed')) assert.equal(stateOf(`absent-${name}`).in_progress, false);
  };

  /** Nothing is left of them, and the next push is as any. */
  async function assertBeginsAnew(): Promise<void> {
    assert.ok(JSON.parse(await readFile(join(nodeRed.userDir, 'ota-push', 'counters-server.json'), 'utf8')));
    const retained = broker.packets.all.filter(({ retain, text }) => retain && text.includes('"in_progress":true'));
    assert.deepEqual(retained, []);
    const before = fleet.announced.all.length;
    broker.packets.skip();
    await nodeRed.restart();
    const device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url }));
    const pushed = device.next('installed');
    await nodeRed.give('push', { ...small, target: 'nightlamp' });
    await pushed;
    assert.deepEqual(fleet.announced.all.slice(before), ['nightlamp'], 'nothing else is announced');
    const unsaid = new Set(named('pressed').map((name) => `ota-push/update/absent-${name}/state`));
    while (unsaid.size > 0) unsaid.delete((await broker.packets.next()).topic);
    assertNoneInProgress();
    const files = await nodeRed.files();
    const unfinished = files.filter((name) => name.endsWith('.tmp'));
    assert.deepEqual(unfinished, []);
  }

  it('as it is ended (SIGTERM): each device sees a RESET, never an end, and no entity stays in progress', async () => {
    await stage();
    assert.equal(await nodeRed.process.stop(), 0);
    for (const { bytes, end } of await endsOfStalled()) assert.ok(end === 'reset' && bytes < large.length);
    assertNoneInProgress();
    await assertBeginsAnew();
  });

  it('as it is killed (SIGKILL): no device has the whole file, and no entity is in progress when it is back', async () => {
    await stage();
    await nodeRed.process.kill();
    for (const { bytes } of await endsOfStalled()) assert.ok(bytes < large.length);
    await assertBeginsAnew();
  });
});
