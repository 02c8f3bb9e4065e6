import assert from 'node:assert/strict';
import { startAedes, startMosquitto, type TestBroker } from '../peers/brokers';
import { SimulatedDevice } from '../peers/simulated-device';
import { TestFlow } from '../peers/test-flow';

for (const [name, startBroker] of Object.entries({ aedes: () => startAedes(), mosquitto: () => startMosquitto() })) {
  describe(`ota-push through ${name}`, () => {
    let broker: TestBroker;
    let device: SimulatedDevice;
    let flow: TestFlow;

    beforeEach(async () => {
      broker = await startBroker();
      device = await SimulatedDevice.start({ hostname: 'nightlamp', brokerUrl: broker.url });
      flow = await TestFlow.start({ broker, server: { advertise: '127.0.0.1' } });
    });

    afterEach(async () => {
      await flow.stop();
      await device.stop();
      await broker.stop();
    });

    it('updates the device and says success with everything that is known', async () => {
      const file = Buffer.alloc(3800, 'lamp ');
      const message = await flow.push({ payload: file, target: 'nightlamp', filename: '/data/main.py' });
      assert.equal(message.payload, 'success');
      console.log(
        message.ota,
        flow.statuses.all.map((s) => s.status),
      );
      assert.deepEqual(device.files.get('main.py'), file);
    });
  });
}
