import assert from 'node:assert/strict';
import { Board } from '../../peers/board';
import { type AedesBroker, startAedes } from '../../peers/brokers';
import { describeOnEachInterface } from '../../peers/programs';
import { resourcesOfEachTest } from '../../peers/resources';
import { digest, SmallSender } from '../../peers/small-sender';

const NEW = '{"led": 4}';

describeOnEachInterface('A board whose program has other tasks', (build, kind) => {
  if (kind.client !== 'mqtt_as') return;
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let sender: SmallSender;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    sender = await resources.use(SmallSender.connect(broker));
  });

  async function start(main: string, files: Record<string, string> = {}): Promise<Board> {
    const board = await resources.use(Board.start({ build, kind, files: { 'main.py': main, ...files } }));
    await board.waitFor('ready');
    return board;
  }

  it('lets them go on while a sender makes it wait', async () => {
    const board = await start(kind.program(broker.port, 1));
    const port = await sender.listen(async (socket) => {
      // Unless a task has taken the message, the rest of the file never comes.
      for (const letter of NEW) {
        socket.write(letter);
        await sender.publish('set', letter);
        await board.waitFor(`got nightlamp/set ${letter}`.trimEnd());
      }
      socket.end();
    });
    await sender.announce(`127.0.0.1|${port}|config.json|${digest(NEW)}|0`);
    assert.equal(await sender.report(), 'installed');
    assert.equal(await board.text('config.json'), NEW);
  });

  it('is served by mqtt_as 0.7 too, which hands messages over in other ways', async () => {
    const old = "import mqtt_as\nmqtt_as.manner = '0.7'\nfrom mqtt_as import MQTTClient, config";
    const main = kind.program(broker.port, 1).replace('from mqtt_as import MQTTClient, config', old);
    assert.ok(main.includes(old));
    const board = await start(main);
    await sender.push('config.json', NEW, '|0');
    assert.equal(await sender.report(), 'installed');
    await sender.publish('set', 'on');
    await board.waitFor('got nightlamp/set on');
    assert.equal(board.lines.filter((line) => line.startsWith('got nightlamp/OTA ')).length, 0);
  });

  it('listens on each connection that its client makes, and reports what became known without one', async () => {
    const board = await start(kind.program(broker.port, 1), { 'config.json': 'old' });
    const port = await sender.listen((socket) => {
      broker.dropAll();
      socket.end(NEW);
    });
    await sender.announce(`127.0.0.1|${port}|config.json|${digest(NEW)}|0`);
    // The test's own client was dropped as well, and hears the report when it is back: it is retained.
    assert.equal((await sender.reports.nextThat(({ file }) => file === 'config.json')).state, 'installed');
    await sender.push('other.txt', NEW, '|0');
    assert.equal((await sender.reports.nextThat(({ file }) => file === 'other.txt')).state, 'installed');
    assert.equal(board.boots, 1);
  });

  it('takes a bad ota_async back, as any other file', async () => {
    const board = await start(kind.program(broker.port, 1));
    const name = build.module.replace('ota', 'ota_async');
    const before = await board.read(name);
    await sender.push(name, 'no module\n', '|1');
    const { state, file } = await sender.reports.nextThat((report) => report.state !== 'installed');
    assert.deepEqual([state, file], ['rolled_back', name]);
    assert.deepEqual(await board.read(name), before);
  });

  it('takes a second call of start on the same client, as from a coroutine that each connection runs', async () => {
    const main = kind.program(broker.port, 1).replace(kind.start, `${kind.start}\n    ${kind.start}`);
    const board = await start(main);
    await sender.publish('set', 'on');
    await board.waitFor('got nightlamp/set on');
    await sender.push('config.json', NEW, '|0');
    assert.equal(await sender.report(), 'installed');
    assert.equal(sender.connections, 1);
  });

  it('says which function serves a client of another kind', async () => {
    const main = `
import asyncio
import ota_async
try:
    asyncio.run(ota_async.start(object(), 'nightlamp'))
except TypeError as error:
    print('refused', error)
print('ready')
`;
    const board = await start(main);
    assert.ok(board.lines.includes('refused not a client of mqtt_as: ota.start() is for others'));
  });
});
