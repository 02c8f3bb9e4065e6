import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { hashOf } from '../../lib/protocol/announcement';
import { startMosquitto, type TestBroker } from '../peers/brokers';
import { FirstGenerationDevice } from '../peers/first-generation-device';
import { describeOnEachBuild } from '../peers/micropython-builds';
import { connectClient } from '../peers/mqtt-client';
import { resourcesOfEachTest } from '../peers/resources';
import { TestFlow } from '../peers/test-flow';

/** A program of 3.8 KB that says who it is. */
function program(version: number): Buffer {
  const line = '# The lamp is fifty, its blink is longer than its night.\n';
  return Buffer.from(`print("lamp version ${version}")\n${line.repeat(80)}`.slice(0, 3800));
}

describeOnEachBuild(['mosquitto'], 'A first-generation device, updated by a flow through mosquitto', (build) => {
  const resources = resourcesOfEachTest();

  let broker: TestBroker;
  let device: FirstGenerationDevice;
  let flow: TestFlow;

  beforeEach(async () => {
    broker = await resources.use(startMosquitto());
    const files = { 'main.py': program(1), 'config.json': '{"led": 2}' };
    const settings = { build, hostname: 'nightlamp', brokerPort: broker.port, files };
    device = await resources.use(FirstGenerationDevice.start(settings));
    const push = { reboot: 'reboot', rebootType: 'msg' };
    flow = await resources.use(TestFlow.start({ broker, push }));
  });

  const push = (payload: unknown, filename: string, reboot: boolean) =>
    flow.push({ payload, target: 'nightlamp', filename, reboot });

  it('runs the new main.py of 3.8 KB after its reboot', async () => {
    assert.ok(device.lines.includes('lamp version 1'));
    const message = await push(program(2), 'main.py', true);
    assert.equal(message.payload, 'success');
    await device.waitFor('@reset reboot');
    await device.waitFor('lamp version 2');
    await device.waitFor('@ready');
    assert.equal(device.boots, 2);
    assert.deepEqual(await device.read('main.py'), program(2));
  });

  it('takes a new config file and stays up', async () => {
    const message = await push('{"led": 4}', 'config.json', false);
    assert.equal(message.payload, 'success');
    await device.waitFor('@installed config.json');
    assert.equal(await device.text('config.json'), '{"led": 4}');
    assert.equal(device.boots, 1);
    assert.equal((await push(program(3), 'main.py', true)).payload, 'success');
    await device.waitFor('lamp version 3');
  });

  it('takes a file of 1 MiB with a heap of 64 KB', async () => {
    const file = randomBytes(1024 * 1024);
    const message = await push(file, 'sounds.bin', false);
    assert.equal(message.payload, 'success');
    assert.equal(message.ota.sent, file.length);
    await device.waitFor('@installed sounds.bin');
    assert.deepEqual(await device.read('sounds.bin'), file);
    assert.equal(device.boots, 1);
  });

  it('takes an empty file', async () => {
    const message = await push(Buffer.alloc(0), 'empty.py', false);
    assert.equal(message.payload, 'success');
    await device.waitFor('@installed empty.py');
    assert.equal((await device.read('empty.py')).length, 0);
  });

  it('keeps its old file when the hash is wrong, which the connection does not tell', async () => {
    // The announcement is forged on its way: the same place with another hash.
    const forger = await connectClient(resources, broker.url);
    const target = 'daylamp';
    await forger.subscribeAsync(`${target}/OTA`);
    forger.on('message', (_topic, payload) => {
      const wrong = payload.toString().replace(hashOf(program(2)), hashOf(program(3)));
      forger.publish('nightlamp/OTA', wrong, { qos: 1 });
    });
    const message = await flow.push({ payload: program(2), target, filename: 'main.py', reboot: true });
    assert.equal(message.payload, 'success');
    assert.equal(message.ota.verified, 'delivered');
    await device.waitFor('@mismatch');
    assert.deepEqual(await device.read('main.py'), program(1));
    assert.equal(device.boots, 1);
  });

  it('resets on its old file when the push is cancelled in the middle, and takes the next', async () => {
    const file = Buffer.alloc(8 * 1024 * 1024, '# lamp ');
    flow.send({ payload: file, target: 'nightlamp', filename: 'main.py', reboot: true });
    await device.waitFor(/^@connected/);
    flow.send({ reset: true });
    assert.equal((await flow.ends.next()).payload, 'cancelled');
    await device.waitFor(/^@reset/);
    await device.waitFor('@ready');
    assert.deepEqual(await device.read('main.py'), program(1));
    assert.equal((await push(program(2), 'main.py', true)).payload, 'success');
    await device.waitFor('lamp version 2');
  });
});
