import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { Example, injecting } from '../peers/example';
import { NodeRedProcess } from '../peers/node-red-process';
import { resourcesOfEachTest } from '../peers/resources';
import { lamps, SimulatedFleet } from '../peers/simulated-fleet';

const name = 'Update every night when the file has changed';

describe('What an OTA server knows of devices, in a whole Node-RED', function () {
  this.timeout(90_000);
  const resources = resourcesOfEachTest();

  const all = lamps(20);
  let broker: AedesBroker;
  let fleet: SimulatedFleet;
  let example: Example;

  const start = async (behaviour: object = {}) => {
    broker = await resources.use(startAedes());
    const slow = Object.fromEntries(all.slice(15).map((hostname) => [hostname, behaviour]));
    fleet = await resources.use(SimulatedFleet.start(broker.url, all, slow));
    const files = { 'main.py': `# ${'x'.repeat(2_000_000)}\n` };
    example = await resources.use(
      Example.deploy(name, broker, injecting({ targets: all, filename: 'main.py' }), { files }),
    );
  };

  const folder = () => join(example.userDir, 'ota-push');
  const updated = async () => {
    await example.press();
    return /\d+ updated, .*/.exec(await example.nodeRed.logged(/ updated, /))?.[0];
  };

  it('is whole after it was killed in the middle of a rollout, and right after the next one', async () => {
    await start({ pausesMsAfterEachRead: 20 });
    const fast = all.slice(0, 15).map((hostname) => fleet.get(hostname).next('installed'));
    await example.press();
    await Promise.all(fast);
    await example.nodeRed.kill();
    example.nodeRed = await NodeRedProcess.start(example.userDir, join(example.userDir, 'flows.json'));
    await updated();
    assert.deepEqual(fleet.having('main.py', await readFile(join(example.userDir, 'main.py'))), all);
    assert.equal(await updated(), '0 updated, 20 had the file, 0 failed.');
    assert.deepEqual(
      example.nodeRed.log.all.filter((line) => /could not be/.test(line)),
      [],
    );
    assert.deepEqual(
      (await readdir(folder())).filter((file) => /damaged/.test(file)),
      [],
    );
  });

  it('goes with the server when that is deleted, and not when it is disabled', async () => {
    await start();
    await updated();
    await example.redeploy(/Started flows/);
    assert.equal((await readdir(folder())).length, 2);
    const server = example.node('ota-server').id;
    const deploy = async (change: Parameters<Example['change']>[0]) => {
      example.nodeRed.log.skip();
      const started = example.nodeRed.logged(/Started flows/);
      await example.change(change);
      await started;
    };
    await deploy((flows) => flows.map((node) => (node.id === server ? { ...node, d: true } : node)));
    assert.equal((await readdir(folder())).length, 2);
    await deploy((flows) => flows.map(({ d: _disabled, ...node }) => node as (typeof flows)[number]));
    await deploy((flows) => flows.filter(({ id }) => id !== server));
    assert.deepEqual(await readdir(folder()), []);
  });
});
