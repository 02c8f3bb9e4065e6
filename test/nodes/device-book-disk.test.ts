import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { temporaryFolder } from '../peers/temporary-folder';
import { TestFlow } from '../peers/test-flow';

const message = { payload: 'print()\n', target: 'nightlamp', filename: 'main.py' };

describe('What an OTA server knows of devices, where the disk', () => {
  const resources = resourcesOfEachTest();
  let broker: AedesBroker;
  let userDir: string;
  let flow: TestFlow;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    userDir = await temporaryFolder(resources, 'book-disk');
    await resources.use(SimulatedDevice.start({ brokerUrl: broker.url }));
  });

  const start = async () => {
    flow = await resources.use(TestFlow.start({ broker, userDir }));
  };
  const push = async () => assert.equal((await flow.push({ ...message })).payload, 'success');

  it('does not take it, is told in a warning, pushes go on, and it is written once the disk takes it', async () => {
    const folder = join(userDir, 'ota-push');
    await writeFile(folder, 'a file where a folder is expected');
    await start();
    await push();
    await flow.untilWarned('ota-server.warnings.book-unwritten');
    await push();
    await rm(folder);
    await flow.stop();
    assert.match(await readFile(join(folder, 'devices-server.jsonl'), 'utf8'), /"target":"nightlamp"/);
  });

  it('has it damaged, is told in a warning, and pushes go on', async () => {
    await start();
    await push();
    await flow.stop();
    const path = join(userDir, 'ota-push', 'devices-server.jsonl');
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, -10));
    await start();
    await flow.untilWarned('ota-server.warnings.book-damaged');
    await push();
  });
});
