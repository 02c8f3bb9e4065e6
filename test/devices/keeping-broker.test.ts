import assert from 'node:assert/strict';
import { Board } from '../peers/board';
import { type AedesBehaviour, type AedesBroker, startAedes } from '../peers/brokers';
import { FirstGenerationDevice } from '../peers/first-generation-device';
import { describeOnEachBuild, plain32Bit } from '../peers/micropython-builds';
import { connectClient, hear } from '../peers/mqtt-client';
import { program } from '../peers/programs';
import { resourcesOfEachTest } from '../peers/resources';
import { TestFlow } from '../peers/test-flow';

const KINDS: Record<string, NonNullable<AedesBehaviour['keeps']>> = {
  'as if it were retained': 'retained',
  'and sends it again to who subscribes': 'resent',
};

for (const [what, keeps] of Object.entries(KINDS)) {
  describeOnEachBuild([], `On a broker that keeps every message, ${what}, a device`, (build) => {
    // The two others are the newest interpreter and the one with the least.
    if (build === plain32Bit) return;
    const resources = resourcesOfEachTest();
    let broker: AedesBroker;

    beforeEach(async () => {
      broker = await resources.use(startAedes({ keeps }));
    });

    const startFlow = (verify: string) =>
      resources.use(TestFlow.start({ broker, push: { verify, reboot: 'reboot', rebootType: 'msg' } }));

    /** Once more than the broker takes to send what it keeps: an announcement that it still had would have come. */
    async function assertRuns(board: Board, boots: number): Promise<void> {
      const since = board.lines.length;
      broker.dropAll();
      await board.waitFor('ready', { after: since });
      await board.waitFor('settled', { after: since });
      assert.equal(board.boots, boots);
    }

    /** Connects again and again, and says when it has been there for longer than kept messages take. */
    const lasting = (version: number) =>
      program(broker.port, version)
        .replace(/client\.connect\(\)[\s\S]*/, '')
        .replace('import ota', 'import ota\nimport time')
        .concat(`
while True:
    try:
        client.connect()
        ota.start(client, 'nightlamp')
        print('ready')
        since = time.ticks_ms()
        while True:
            client.check_msg()
            time.sleep_ms(20)
            if since and time.ticks_diff(time.ticks_ms(), since) > 1000:
                since = None
                print('settled')
    except (OSError, IndexError):
        time.sleep_ms(100)
`);

    it('with a way back runs a good update, and restarts once for it', async () => {
      const board = await resources.use(Board.start({ build, files: { 'main.py': lasting(1) } }));
      await board.waitFor('ready');
      const flow = await startFlow('running');
      const { payload, ota } = await flow.push({
        target: 'nightlamp',
        filename: 'main.py',
        payload: lasting(2),
        reboot: true,
      });
      assert.deepEqual([payload, ota.verified], ['success', 'running'], String(ota.message));
      await board.waitFor('lamp version 2');
      await assertRuns(board, 2);
    });

    it('with a way back runs its old program after a bad one', async () => {
      const board = await resources.use(Board.start({ build, files: { 'main.py': lasting(1) } }));
      await board.waitFor('ready');
      const flow = await startFlow('running');
      const bad = 'print("stuck")\nwhile True: pass\n';
      flow.send({ target: 'nightlamp', filename: 'main.py', payload: bad, reboot: true });
      await broker.packets.nextThat(({ text }) => text.includes('rolled_back'));
      await board.waitFor('settled');
      await assertRuns(board, 5);
    });

    it('of the first generation stays up after an update', async () => {
      const settings = { hostname: 'nightlamp', brokerPort: broker.port, build };
      const device = await resources.use(FirstGenerationDevice.start(settings));
      const flow = await startFlow('delivered');
      const { payload, ota } = await flow.push({
        target: 'nightlamp',
        filename: 'lamp.py',
        payload: 'LEVEL = 2\n',
        reboot: true,
      });
      assert.equal(payload, 'success', String(ota.message));
      await device.waitFor('@reset reboot');
      // One that is back before the broker is known for what it is meets the announcement once more, and a closed port.
      await broker.packets.nextThat(({ topic, text }) => topic === 'nightlamp/OTA' && text === '');
      // Whoever subscribes later hears later what the broker keeps.
      const heard = await hear(await connectClient(resources, broker.url), 'nightlamp/OTA');
      if (keeps === 'resent') assert.equal((await heard.next()).text, '');
      const install = async (level: number): Promise<void> => {
        const payload = `LEVEL = ${level}\n`;
        const installed = device.lines.length;
        const message = { target: 'nightlamp', filename: 'lamp.py', payload, reboot: false };
        assert.equal((await flow.push(message)).payload, 'success');
        await device.waitFor('@installed', { after: installed });
        assert.equal(await device.text('lamp.py'), payload);
      };
      // It may be on its way back from the announcement that it met once more: what it takes now shows that it is there.
      await install(3);
      const { boots } = device;
      await install(4);
      assert.equal(device.boots, boots);
    });
  });
}
