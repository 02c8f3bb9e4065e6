import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { hashOf } from '../../lib/protocol/announcement';
import { type AedesBroker, type Publication, startAedes } from '../peers/brokers';
import { Inbox } from '../peers/inbox';
import { connectClient } from '../peers/mqtt-client';
import { resourcesOfEachTest } from '../peers/resources';
import { retainedOf } from '../peers/retained';
import { SimulatedDevice } from '../peers/simulated-device';
import { temporaryFolder } from '../peers/temporary-folder';
import { haUpdateDefaults, listener, place, pushDefaults, type Received, TestFlow } from '../peers/test-flow';

const version1 = Buffer.from('print("lamp version 1")\n');
const shortHash = `#${hashOf(version1, 'sha1').slice(0, 8)}`;
const release = { payload: version1, filename: 'main.py', target: 'nightlamp' };

interface State {
  readonly installed_version: string;
  readonly latest_version: string;
  readonly in_progress: boolean;
  readonly update_percentage: number | null;
}

describe('An ota-ha-update', () => {
  const resources = resourcesOfEachTest();

  let broker: AedesBroker;
  let client: MqttClient;
  let flow: TestFlow;
  let userDir: string;
  let device: SimulatedDevice;
  let published: AedesBroker['packets'];
  let installs: Inbox<Received>;

  beforeEach(async () => {
    broker = await resources.use(startAedes());
    userDir = await temporaryFolder(resources, 'ha-update');
    device = await resources.use(SimulatedDevice.start({ brokerUrl: broker.url }));
    client = await connectClient(resources, broker.url);
    published = broker.packets;
    await start();
  });

  const haUpdate = (more: Record<string, unknown> = {}) => ({
    id: 'ha',
    ...place,
    type: 'ota-ha-update',
    server: 'server',
    ...haUpdateDefaults,
    ...more,
  });

  /** The node, and an OTA push whose outputs come back to it, as a user wires them. */
  async function start(ha: Record<string, unknown> = {}): Promise<void> {
    const settings = {
      broker,
      userDir,
      watched: ['ha'],
      push: {
        progress: true,
        wires: [
          ['ha', 'output1'],
          ['ha', 'output2'],
          ['ha', 'output3'],
        ],
      },
      more: [
        { ...haUpdate(ha), wires: [['push', 'installs']] },
        listener('installs'),
        // Nothing leads from it to the entities.
        { id: 'other', ...place, type: 'ota-push', server: 'server', ...pushDefaults, wires: [[], []] },
      ],
    };
    flow = await resources.use(TestFlow.start(settings));
    installs = new Inbox();
    flow.node('installs').on('input', (message) => installs.push({ ...message } as unknown as Received));
    await broker.subscribed.nextThat((topic) => topic === 'ota-push/update/+/install');
  }

  const send = (message: Record<string, unknown>) => flow.node('ha').receive({ ...message } as never);
  /** Resolves when the node has done what the message asks for. */
  const take = async (message: Record<string, unknown>) => {
    send(message);
    await flow.completed.next();
  };
  const next = (topic: string) => published.nextThat((one) => one.topic === topic);
  const stateThat = async (isSo: (state: State) => boolean): Promise<State> => {
    const stateOf = (text: string) => JSON.parse(text) as State;
    const isIt = ({ topic, text }: { readonly topic: string; readonly text: string }) =>
      topic === 'ota-push/update/nightlamp/state' && isSo(stateOf(text));
    return stateOf((await published.nextThat(isIt)).text);
  };
  const press = (retain = false) =>
    client.publishAsync('ota-push/update/nightlamp/install', 'install', { qos: 1, retain });

  it('makes the entity known, retained, and offers the release', async () => {
    send({ ...release, version: '1.0', title: 'Lamp', releaseUrl: 'https://example.com/1' });
    const discovery = await published.nextThat(({ topic }) => /^homeassistant\/update\/.*\/config$/.test(topic));
    assert.equal(discovery.retain, true);
    const { device: block, title, release_url: url } = JSON.parse(discovery.text);
    assert.deepEqual([block.name, title, url], ['nightlamp', 'Lamp', 'https://example.com/1']);
    const state = await next('ota-push/update/nightlamp/state');
    assert.equal(state.retain, true);
    assert.deepEqual(JSON.parse(state.text), {
      installed_version: 'unknown',
      latest_version: '1.0',
      in_progress: false,
      update_percentage: null,
    });
  });

  it('sends the release out when Install is pressed, and tells how its push goes', async () => {
    await take(release);
    await press();
    const { payload, filename, target, version } = await installs.next();
    assert.deepEqual([payload, filename, target, version], [version1, 'main.py', 'nightlamp', shortHash]);
    await stateThat(({ in_progress: working }) => working);
    const end = await stateThat(({ in_progress: working, installed_version: now }) => !working && now === shortHash);
    assert.equal(end.update_percentage, null);
    assert.deepEqual(device.files.get('main.py'), version1);
  });

  it('never retains that an update is in progress, and never a command', async () => {
    await take(release);
    await press();
    await stateThat(({ in_progress: working, installed_version: now }) => !working && now === shortHash);
    for (const { topic, text, retain } of published.all) {
      if (/state$/.test(topic)) assert.equal(retain, !(JSON.parse(text) as State).in_progress);
    }
  });

  it('does not obey a command that was retained', async () => {
    await take(release);
    await flow.stop();
    await press(true);
    await start();
    // What comes after it is answered.
    published.skip();
    await client.publishAsync('homeassistant/status', 'online', { qos: 1 });
    await stateThat(({ latest_version: latest }) => latest === shortHash);
    assert.equal(installs.all.length, 0);
    await press();
    await installs.next();
  });

  it('knows after a restart what it has offered, and Install works', async () => {
    await take({ ...release, version: '1.0' });
    await flow.stop();
    published.skip();
    await start();
    await stateThat(({ latest_version: latest }) => latest === '1.0');
    await press();
    const { payload } = await installs.next();
    assert.deepEqual(payload, version1);
  });

  it('shows everything again when Home Assistant has started', async () => {
    await take({ ...release, version: '1.0' });
    published.skip();
    await client.publishAsync('homeassistant/status', 'online', { qos: 1 });
    await published.nextThat(({ topic }) => /\/config$/.test(topic));
    await stateThat(({ latest_version: latest }) => latest === '1.0');
  });

  it('takes the entity away, with what is retained for it', async () => {
    await take(release);
    await take({ remove: true, target: 'nightlamp' });
    assert.deepEqual([...retainedOf(published.all)], []);
  });

  it('offers a release to many devices, and a set as a set', async () => {
    const files = [
      { filename: 'lib/lamp.py', payload: 'pass' },
      { filename: 'main.py', payload: version1 },
    ];
    await take({ files, targets: ['nightlamp', { target: 'daylamp' }], version: '2.0' });
    await next('ota-push/update/daylamp/state');
    await press();
    const message = await installs.next();
    assert.deepEqual(
      message.files,
      files.map((file) => ({ ...file, payload: Buffer.from(file.payload) })),
    );
    await stateThat(({ installed_version: now }) => now === '2.0');
    assert.equal(device.reboots, 1);
  });

  it('believes what the device reports later: another file, and the one before after a roll-back', async () => {
    await take({ ...release, version: '1.0' });
    await press();
    await stateThat(({ installed_version: now, in_progress: working }) => now === '1.0' && !working);
    const other = { file: 'main.py', hash: 'ab'.repeat(20) };
    await device.report('running', other);
    await stateThat(({ installed_version: now }) => now === '#abababab');
    await device.report('failed', { ...other, hash: 'cd'.repeat(20), error: 'no_space' });
    await device.report('rolled_back', other);
    await stateThat(({ installed_version: now }) => now === '1.0');
  });

  it('shows what any push has brought, whichever node has pushed it, and still after a restart', async () => {
    await take({ ...release, version: '1.0' });
    flow.node('other').receive({ ...release, target: 'nightlamp' } as never);
    await stateThat(({ installed_version: now, in_progress: working }) => now === '1.0' && !working);
    flow.node('other').receive({ ...release, payload: 'print(2)\n' } as never);
    const version = `#${hashOf(Buffer.from('print(2)\n'), 'sha1').slice(0, 8)}`;
    await stateThat(({ installed_version: now }) => now === version);
    await flow.stop();
    published.skip();
    await start();
    assert.equal((await stateThat(() => true)).installed_version, version);
  });

  it('knows before the first release what was pushed to a device', async () => {
    flow.node('other').receive({ ...release } as never);
    await device.next('installed');
    await take({ ...release, version: '1.0' });
    await stateThat(({ installed_version: now }) => now === '1.0');
  });

  const lastOn = (wanted: string) => published.all.findLast(({ topic }) => topic === wanted)?.text;
  const pressButton = () => client.publishAsync('ota-push/update/nightlamp/install', 'previous', { qos: 1 });
  /** The device has version 1.0, and after that 2.0; the entity's state is that. */
  const update = async () => {
    for (const [version, payload] of Object.entries({ '1.0': version1, '2.0': 'print(2)\n' })) {
      await take({ ...release, payload, version });
      flow.node('other').receive({ ...release, payload } as never);
      await stateThat(({ installed_version: now }) => now === version);
    }
  };

  it('makes a button known on the page of the same device, which can be pressed once there is a version before', async () => {
    await take({ ...release, version: '1.0' });
    const entity = await published.nextThat(({ topic }) => topic === 'homeassistant/update/ota-push__nightlamp/config');
    const button = await published.nextThat(({ topic }) => topic === 'homeassistant/button/ota-push__nightlamp/config');
    assert.equal(button.retain, true);
    const { device: block, name, availability_topic: availability } = JSON.parse(button.text);
    assert.deepEqual([block, name], [JSON.parse(entity.text).device, 'ota-ha-update.previous']);
    const { text, retain } = await next(availability);
    assert.deepEqual([text, retain], ['offline', true]);
    await update();
    assert.equal(lastOn(availability), 'online');
  });

  it('sends out what the device had before when the button is pressed, and tells how its push goes', async () => {
    await update();
    await pressButton();
    const { restore, filename, target, version, payload } = await installs.next();
    const sent = [restore, filename, target, version, payload];
    assert.deepEqual(sent, [hashOf(version1, 'sha256'), 'main.py', 'nightlamp', '1.0', undefined]);
    await stateThat(({ in_progress: working }) => working);
    const end = await stateThat(({ in_progress: working, installed_version: now }) => !working && now === '1.0');
    assert.equal(end.latest_version, '2.0');
    assert.deepEqual(device.files.get('main.py'), version1);
    assert.equal(lastOn('ota-push/update/nightlamp/previous'), 'offline');
  });

  it('knows after a restart what it can go back to, and that works', async () => {
    await update();
    await flow.stop();
    published.skip();
    await start();
    await stateThat(({ installed_version: now }) => now === '2.0');
    await pressButton();
    await stateThat(({ in_progress: working, installed_version: now }) => !working && now === '1.0');
  });

  it('says so when the button is pressed and what was kept is gone', async () => {
    await update();
    await flow.stop(); // what waits is written
    await rm(join(userDir, 'ota-push', 'files-server'), { recursive: true });
    published.skip();
    await start();
    await stateThat(() => true);
    await pressButton();
    await stateThat(({ in_progress: working }) => working);
    await stateThat(({ in_progress: working }) => !working);
    assert.ok(flow.logged('WARN').includes('ota-ha-update.warnings.previous-lost'));
    assert.equal(installs.all.length, 0);
  });

  it('counts a retained report where nothing is known', async () => {
    await device.report('running', { file: 'main.py', hash: hashOf(version1, 'sha1') });
    await take({ ...release, version: '1.0' });
    assert.equal((await stateThat(() => true)).installed_version, '1.0');
  });

  const folder = () => join(userDir, 'ota-push', 'releases-ha');
  const isDiscovery = ({ topic }: Publication) => /^homeassistant\/update\/.*\/config$/.test(topic);
  const discovery = async () => JSON.parse((await published.nextThat(isDiscovery)).text);
  /** In a container without a volume. */
  const lose = async (isLost: (name: string) => boolean) => {
    await flow.stop();
    for (const name of (await readdir(folder())).filter(isLost)) await rm(join(folder(), name));
    published.skip();
    await start();
  };
  const losses: [what: string, isLost: (name: string) => boolean, warning: string][] = [
    ['all that was kept is gone', () => true, 'ota-ha-update.warnings.lost'],
    ['only its bytes are gone', (name) => name.endsWith('.bin'), 'ota-ha-update.warnings.unreadable'],
  ];
  for (const [what, isLost, warning] of losses) {
    it(`says so in the entity, and warns, when Install is pressed and ${what}; until the release is offered again`, async () => {
      await take({ ...release, version: '1.0', title: 'Lamp', releaseSummary: 'Brighter' });
      await lose(isLost);
      await press();
      const lost = await published.nextThat(
        (one) => isDiscovery(one) && JSON.parse(one.text).release_summary === 'ota-ha-update.lost',
      );
      const { title, command_topic: command } = JSON.parse(lost.text);
      assert.deepEqual([lost.retain, title, command], [true, 'Lamp', 'ota-push/update/nightlamp/install']);
      assert.ok(flow.logged('WARN').includes(warning));
      assert.equal(installs.all.length, 0);
      await take({ ...release, version: '1.0', title: 'Lamp', releaseSummary: 'Brighter' });
      assert.equal((await discovery()).release_summary, 'Brighter');
      await press();
      assert.deepEqual((await installs.next()).payload, version1);
    });
  }

  it('leaves a device that somebody has deleted in Home Assistant alone, until its next release', async () => {
    await take({ ...release, version: '1.0' });
    await take({ ...release, target: 'daylamp', version: '1.0' });
    const { topic } = await published.nextThat(isDiscovery);
    const cleared = published.nextThat((one) => one.topic === 'ota-push/update/nightlamp/state' && one.text === '');
    await client.publishAsync(topic, '', { qos: 1, retain: true });
    assert.equal((await cleared).retain, true);
    published.skip();
    await client.publishAsync('homeassistant/status', 'online', { qos: 1 });
    await next('ota-push/update/daylamp/state');
    await device.report('running', { file: 'main.py', hash: hashOf(version1, 'sha1') });
    await flow.stop();
    await start();
    await next('ota-push/update/daylamp/state');
    const about = (one: Publication) => one.topic === topic || one.topic === 'ota-push/update/nightlamp/state';
    assert.deepEqual(
      published.all
        .filter(about)
        .slice(-1)
        .map(({ text }) => text),
      [''],
    );
    await take({ ...release, payload: 'print(2)\n', version: '2.0' });
    await published.nextThat((one) => one.topic === topic && one.text !== '');
    assert.equal((await stateThat(() => true)).installed_version, '1.0');
  });

  it('leaves a device alone, too, that was deleted in Home Assistant while Node-RED was not there', async () => {
    await take({ ...release, version: '1.0' });
    await take({ ...release, target: 'daylamp', version: '1.0' });
    const { topic } = await published.nextThat(isDiscovery);
    await flow.stop();
    await client.publishAsync(topic, '', { qos: 1, retain: true });
    published.skip();
    await start();
    const isState = (one: Publication) => one.topic === 'ota-push/update/nightlamp/state';
    await published.nextThat((one) => isState(one) && one.text === '');
    assert.ok(published.all.findLast((one) => one.topic === topic)?.text === '');
    await take({ ...release, version: '2.0' });
    await published.nextThat((one) => one.topic === topic && one.text !== '');
  });

  it('shows a device whose deletion nobody could tell it: the broker does not let it hear of them', async () => {
    await flow.stop();
    let isForbidden = false;
    const answers = (topic: string) =>
      isForbidden && topic === 'homeassistant/update/+/config' ? 'refused' : 'granted';
    broker = await resources.use(startAedes({ answers }));
    published = broker.packets;
    await start();
    await take({ ...release, version: '1.0' });
    await flow.stop();
    published.skip();
    isForbidden = true;
    await start();
    assert.equal((await stateThat(() => true)).latest_version, '1.0');
    assert.equal(retainedOf(published.all).size, 4);
  });

  const bad: [what: string, changes: Record<string, unknown>, says: RegExp][] = [
    ['no target', { target: undefined }, /none in msg\.target and msg\.targets, got nothing/],
    ['a line of a file', { target: undefined, parts: { type: 'string' } }, /this message is a part of one/],
    ['a bad target in a list', { targets: ['nightlamp', 'a b'] }, /Entry 2 of msg\.targets/],
    ['no bytes', { payload: undefined }, /Buffer or a text, got nothing/],
    ['a bad name', { filename: '..' }, /would leave its folder/],
    ['a bad set', { files: [{}] }, /Entry 1 of msg\.files/],
    ['an object as version', { version: {} }, /version as a text.*got an object/],
    ['a long version', { version: 'v'.repeat(101) }, /at most 100 characters/],
    ['a number as title', { title: 7 }, /msg\.title as a text.*got 7/],
    ['an address without a scheme', { releaseUrl: 'example.com' }, /http:\/\/ or https:\/\/, got "example\.com"/],
    ['an address that runs a script', { releaseUrl: 'javascript:alert(1)' }, /http:\/\/ or https:\/\//],
    ['an address that is longer than any', { releaseUrl: `https://${'x'.repeat(10_000)}` }, /at most 10000 characters/],
    ['a removal without a target', { remove: true, target: undefined }, /hostname as target/],
  ];
  for (const [what, changes, says] of bad) {
    it(`refuses ${what}, and shows nothing`, async () => {
      send({ ...release, ...changes });
      const { error, ota } = await flow.caught.next();
      assert.match(error?.message ?? '', says);
      assert.equal(ota.code, 'bad_input');
      assert.ok(!published.all.some(({ topic }) => topic.startsWith('homeassistant/')));
    });
  }

  it('says what is wrong with a prefix that is no text', async () => {
    await flow.stop();
    flow = await resources.use(TestFlow.start({ broker, watched: ['ha'], more: [haUpdate({ prefix: 7 })] }));
    send(release);
    const { error, ota } = await flow.caught.next();
    assert.match(error?.message ?? '', /discovery prefix as levels split by \/.*got 7/);
    assert.equal(ota.code, 'bad_input');
  });

  it('removes an entity though its release is still being checked', async () => {
    send(release);
    send({ remove: true, target: 'nightlamp' });
    for (const _ of ['offered', 'removed']) await flow.completed.next();
    const discovery = published.all.filter(({ topic }) => topic.startsWith('homeassistant/update/'));
    assert.deepEqual(
      discovery.map(({ text }) => text === ''),
      [false, true],
    );
  });

  it('makes nothing of words about devices that it does not know', async () => {
    await take({ payload: 40, ota: { id: '1', target: 'other', filename: 'a', hash: 'b', result: null } });
    await take({ payload: 'success', ota: { id: '1', target: 'other', filename: 'a', hash: 'b', result: 'success' } });
    await take({ payload: 'complete', rollout: { counts: {} } });
    await client.publishAsync('ota-push/update/other/install', 'install', { qos: 1 });
    assert.ok(!published.all.some(({ topic }) => topic.endsWith('/state')));
  });
});
