import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Board, example as micropythonExample } from '../peers/board';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { type Changes, changing, Example, injecting, inOwnFolder, setting } from '../peers/example';
import { connectClient, hear } from '../peers/mqtt-client';
import { itNeeding } from '../peers/needing';
import { program } from '../peers/programs';
import { resourcesOfEachTest } from '../peers/resources';
import type { Behaviour } from '../peers/simulated-device';
import { inOrder, lamps, SimulatedFleet } from '../peers/simulated-fleet';

const version2 = 'print("new")\n';

describe('The example flow', function () {
  this.timeout(90_000);
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let example: Example;
  let fleet: SimulatedFleet;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
  });

  const deploy = async (name: string, ...changes: Changes[]) => {
    const all = changing(injecting({ filename: 'main.py' }), ...changes);
    example = await resources.use(Example.deploy(name, broker, all, { files: { 'main.py': version2 } }));
  };

  const startFleet = async (hostnames: readonly string[], behaviours: Record<string, Behaviour> = {}) => {
    fleet = await resources.use(SimulatedFleet.start(broker.url, hostnames, behaviours));
    return fleet;
  };

  const having = (text: string) => fleet.having('main.py', Buffer.from(text));

  it('"Push one file" updates the device when its button is pressed', async () => {
    const lamp = (await startFleet(['NIGHTLAMP'])).get('NIGHTLAMP');
    const installed = lamp.next('installed');
    await deploy('Push one file');
    await example.press();
    const [filename, bytes, reboots] = await installed;
    assert.deepEqual([filename, String(bytes), reboots], ['main.py', version2, true]);
  });

  itNeeding(['micropython'], '"Update a board" says success when the new program runs on a real board', async () => {
    const board = await resources.use(Board.start({ files: { 'main.py': program(broker.port, 1) } }));
    await board.waitFor('ready');
    const reports = await hear(await connectClient(resources, broker.url), 'nightlamp/OTA/status');
    const state = async () => JSON.parse((await reports.next()).text).state;
    await deploy('micropython/Update a board');
    await example.save('main.py', program(broker.port, 2));
    await example.press();
    assert.deepEqual([await state(), await state()], ['installed', 'running']);
    assert.ok(board.lines.includes('lamp version 2'));
  });

  it('"Update every night" updates every device of its list, at 03:00 or when its button is pressed', async () => {
    const both = ['NIGHTLAMP', 'DAYLAMP'];
    const devices = await startFleet(both);
    const installed = Promise.all(both.map((hostname) => devices.get(hostname).next('installed')));
    await deploy('Update every night');
    assert.equal(example.node('inject').crontab, '00 03 * * *');
    await example.press();
    await installed;
    assert.deepEqual(having(version2), both);
  });

  it('"Update every night when the file has changed" reports what failed, and tries only that the next night', async () => {
    const all = lamps(50);
    const off = all.slice(10, 15);
    const broken = all.slice(30, 32);
    const on = all.filter((hostname) => !off.includes(hostname));
    const atNight = await startFleet(on, Object.fromEntries(broken.map((name) => [name, { closesAfterBytes: 1 }])));
    const quick = setting('ota-rollout', { timeout: '5', retryDelay: '0.1' });
    await deploy(
      'Update every night when the file has changed',
      injecting({ targets: all, filename: 'main.py' }),
      quick,
    );
    assert.equal(example.node('inject').crontab, '00 03 * * *');
    await example.press();
    const summary = await example.nodeRed.logged(/ updated, /);
    assert.match(summary, /43 updated, 0 had the file, 7 failed\. Failed: /);
    for (const name of off) assert.match(summary, new RegExp(`${name} since .*\\d:\\d\\d.* \\(Nothing connected to `));
    for (const name of broken)
      assert.match(summary, new RegExp(`${name} since .* \\(${name} .* dropped the connection `));
    await atNight.stop();

    const nextNight = await startFleet(all);
    await example.press();
    assert.match(await example.nodeRed.logged(/ updated, /), /7 updated, 43 had the file, 0 failed\.$/);
    assert.deepEqual(inOrder(nextNight.announced), [...off, ...broken]);

    await example.press();
    assert.match(await example.nodeRed.logged(/ updated, /), /0 updated, 50 had the file, 0 failed\.$/);
    await example.save('main.py', 'print("newer")\n');
    await example.press();
    assert.match(await example.nodeRed.logged(/ updated, /), /50 updated, 0 had the file, 0 failed\.$/);
  });

  it('"Update every night when the file has changed" knows after a restart who has the file', async () => {
    const both = ['NIGHTLAMP', 'DAYLAMP'];
    await startFleet(both);
    await deploy('Update every night when the file has changed', injecting({ filename: 'main.py' }));
    await example.press();
    assert.match(await example.nodeRed.logged(/ updated, /), /2 updated, 0 had the file, 0 failed\.$/);
    await example.restart();
    await example.press();
    assert.match(await example.nodeRed.logged(/ updated, /), /0 updated, 2 had the file, 0 failed\.$/);
    assert.deepEqual(inOrder(fleet.announced), inOrder(both));
  });

  it('"Update every night when the file has changed" says in its one message why nothing was sent', async () => {
    await startFleet(['DAYLAMP']);
    await deploy(
      'Update every night when the file has changed',
      injecting({ targets: ['DAYLAMP'], filename: 'gone.py' }),
    );
    await example.press();
    assert.match(
      await example.nodeRed.logged(/the night in one line/),
      /Nothing was sent: ENOENT: no such file or directory, open '.*gone\.py'\.$/,
    );
    await example.save('gone.py', 'print(');
    await example.press();
    assert.match(
      await example.nodeRed.logged(/the night in one line/),
      /Nothing was sent: gone\.py does not compile, line 2: /,
    );
    assert.deepEqual(fleet.announced, []);
  });

  it('"Update every night when the file has changed" names a device apart that fails for three nights', async () => {
    await startFleet(['DAYLAMP']);
    const targets = ['DAYLAMP', 'NIGHTLAMP'];
    const quick = setting('ota-rollout', { timeout: '0.5', retries: '0' });
    await deploy('Update every night when the file has changed', injecting({ targets, filename: 'main.py' }), quick);
    const night = async () => {
      await example.press();
      return example.nodeRed.logged(/ updated, /);
    };
    // Three times in one night are one night.
    for (let time = 1; time <= 3; time += 1) assert.match(await night(), /1 failed\. Failed: NIGHTLAMP since /);
    await example.nodeRed.stop();
    await twoDaysLater(example);
    await example.restart();
    assert.match(
      await night(),
      /1 failed\. Failed for three nights or more: NIGHTLAMP since .* \(Nothing connected to .*\)\.$/,
    );
  });

  it('"Update when a file is saved" makes one update of a burst of saves, and none of a save without a change', async () => {
    const lamp = (await startFleet(['NIGHTLAMP'])).get('NIGHTLAMP');
    const settle: Changes = ({ type }) => (type === 'trigger' ? { duration: '2', units: 's' } : {});
    const watched: Changes = ({ type }, userDir) => (type === 'watch' ? { files: `${userDir}/main.py` } : {});
    await deploy('Update when a file is saved', settle, watched, setting('debug', { console: true }));
    const installed = lamp.next('installed');
    for (let save = 1; save <= 5; save += 1) await example.save('main.py', `print(${save})\n`);
    assert.equal(String((await installed)[1]), 'print(5)\n');
    await example.save('main.py', 'print(5)\n');
    await example.nodeRed.logged(/NIGHTLAMP: unchanged\. /);
    const next = lamp.next('installed');
    await example.save('main.py', 'print(6)\n');
    assert.equal(String((await next)[1]), 'print(6)\n');
    assert.deepEqual(fleet.announced, ['NIGHTLAMP', 'NIGHTLAMP']);
  });

  itNeeding(
    ['micropython'],
    '"Canary rollout" stops a bad release at the first wave: a real board takes it back',
    async () => {
      const canary = await resources.use(Board.start({ files: { 'main.py': program(broker.port, 1) } }));
      await canary.waitFor('ready');
      const others = lamps(20);
      await startFleet(others);
      await deploy('Canary rollout', injecting({ targets: ['nightlamp', ...others], filename: 'main.py' }));
      await example.save('main.py', 'raise Exception("a bad release")\n');
      await example.press('roll out');
      assert.match(await example.nodeRed.logged(/ run it, /), /stopped: 0 run it, 1 failed, 20 not tried/);
      await canary.waitFor('ready');
      assert.equal(await canary.text('main.py'), program(broker.port, 1));
      assert.deepEqual(fleet.announced, []);
    },
  );

  it('"Canary rollout" goes on when its button is pressed, wave by wave, and ends when the other one is', async () => {
    const all = lamps(30);
    const devices = await startFleet(all, Object.fromEntries(all.map((hostname) => [hostname, { reports: true }])));
    await deploy('Canary rollout', injecting({ targets: all, filename: 'main.py' }));
    await example.press('roll out');
    await example.nodeRed.logged(/paused, 1 of 30/);
    assert.deepEqual(devices.announced, ['lamp01']);
    await example.press('go on');
    await example.nodeRed.logged(/paused, 4 of 30/);
    assert.deepEqual(inOrder(devices.announced), lamps(4));
    await example.press('stop');
    assert.match(await example.nodeRed.logged(/ run it, /), /cancelled: 4 run it, 0 failed, 26 not tried/);
    await example.press('roll out');
    await example.nodeRed.logged(/paused, 1 of 30/);
    await example.press('go on');
    await example.nodeRed.logged(/paused, 4 of 30/);
    await example.press('go on');
    assert.match(await example.nodeRed.logged(/ run it, /), /complete: 30 run it, 0 failed, 0 not tried/);
    assert.deepEqual(having(version2), all);
  });

  it('"Devices that sleep" announces when the device says that it is awake', async () => {
    await deploy('Devices that sleep', injecting({ target: 'GARDEN', filename: 'main.py' }));
    await example.press('update it when it wakes');
    await example.nodeRed.logged(/waiting for it to wake/);
    const garden = (await startFleet(['GARDEN'])).get('GARDEN');
    assert.deepEqual(fleet.announced, []);
    const installed = garden.next('installed');
    await garden.say('awake', 'good morning');
    assert.equal(String((await installed)[1]), version2);
  });

  itNeeding(
    ['micropython'],
    '"Devices that sleep" updates a real board that runs sleeper.py, when it wakes',
    async () => {
      const sleeper = async (version: number) =>
        (await micropythonExample('sleeper.py'))
          .replace("'192.168.1.10'", `'127.0.0.1'\nprint('sensor version ${version}')`)
          .replace('1883', `${broker.port}`);
      const board = await resources.use(Board.start({ files: { 'main.py': await sleeper(1) } }));
      await board.waitFor('@sleep');
      await deploy('Devices that sleep');
      await example.save('main.py', await sleeper(2));
      await example.press('update it when it wakes');
      await example.nodeRed.logged(/waiting for it to wake/);
      const reports = await hear(await connectClient(resources, broker.url), 'GARDEN/OTA/status');
      await board.wake();
      const state = async () => JSON.parse((await reports.next()).text).state;
      assert.deepEqual([await state(), await state()], ['installed', 'running']);
      await board.waitFor('sensor version 2');
      await board.waitFor('@sleep');
    },
  );

  it('"Started by an automation over MQTT" obeys a start that is published, and none that was retained before', async () => {
    const both = ['DAYLAMP', 'NIGHTLAMP'];
    await startFleet(both);
    const client = await connectClient(resources, broker.url);
    const results = await hear(client, 'ota-push/automation/result');
    const start = (retain: boolean) => {
      const order = JSON.stringify({ targets: both, file: 'main.py' });
      return client.publishAsync('ota-push/automation/start', order, { qos: 1, retain });
    };
    await start(true);
    const heard = broker.subscribed.nextThat((topic) => topic === 'ota-push/automation/start');
    await deploy('home-assistant/Started by an automation over MQTT', inOwnFolder);
    await heard;
    await start(false);
    assert.equal(JSON.parse((await results.next()).text).message, '2 updated, 0 had the file, 0 not updated');
    assert.deepEqual(inOrder(fleet.announced), both);
  });
});

/** Makes the failures that the stopped Node-RED remembers two days older. */
async function twoDaysLater({ userDir }: Example): Promise<void> {
  const folder = join(userDir, 'ota-push');
  const [name = ''] = (await readdir(folder)).filter((file) => /^devices-.*\.jsonl$/.test(file));
  const book = await readFile(join(folder, name), 'utf8');
  const older = book.replace(
    /("failures":\{[^}]*"since":)(\d+)/g,
    (_, before, since) => `${before}${since - 2 * 86_400_000}`,
  );
  assert.notEqual(older, book);
  await writeFile(join(folder, name), older);
}
