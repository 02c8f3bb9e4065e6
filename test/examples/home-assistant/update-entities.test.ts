import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashOf } from '../../../lib/protocol/announcement';
import { startMosquitto, type WatchedBroker } from '../../peers/brokers';
import { startBrowser } from '../../peers/browser';
import { changing, Example, injecting, inOwnFolder, setting } from '../../peers/example';
import { HomeAssistant } from '../../peers/home-assistant';
import { openPage } from '../../peers/home-assistant/page';
import type { EntityState } from '../../peers/home-assistant/states';
import { describeNeeding, itNeeding } from '../../peers/needing';
import { resourcesOfEachTest, resourcesOfSuite } from '../../peers/resources';
import { root } from '../../peers/root';
import { type Behaviour, SimulatedDevice } from '../../peers/simulated-device';

const entity = 'update.nightlamp_firmware';
const button = 'button.nightlamp_previous_version';
/** More than any kernel takes at once: it can be seen on its way to a slow device. */
const file = (version: number) => `# version ${version}\n${'# a lamp\n'.repeat(1_500_000)}`;
const good: Behaviour = { reports: true };
const slow: Behaviour = { reports: true, pausesMsAfterEachRead: 20 };
/** Until it is told to go on: whatever is to happen half-way comes in time. */
const halfWay: Behaviour = { reports: true, stallsAfterBytes: 1_000_000 };

const needed = ['home-assistant', 'mosquitto'] as const;

describeNeeding(needed, 'The example flow "Update entities", with a real Home Assistant', function () {
  this.timeout(120_000);
  const resources = resourcesOfEachTest();
  const devices = resourcesOfEachTest();
  const suite = resourcesOfSuite();

  let broker: WatchedBroker;
  let house: HomeAssistant;
  let example: Example;
  let device: SimulatedDevice;

  before(async () => {
    broker = await suite.use(startMosquitto());
    const yaml = join(root, 'examples/home-assistant/Update entities.yaml');
    const automations = await readFile(yaml, 'utf8');
    house = await suite.use(HomeAssistant.start({ brokerPort: broker.port, automations }));
    const changes = changing(
      injecting({ targets: ['NIGHTLAMP'] }),
      inOwnFolder,
      setting('ota-push', { verify: 'installed', timeout: '60', verifyTimeout: '60' }),
    );
    const files = { 'main.py': file(1) };
    example = await suite.use(Example.deploy('home-assistant/Update entities', broker, changes, { files }));
  });

  /** From now on the device behaves so. */
  const behave = async (behaviour: Behaviour) => {
    await devices.end();
    device = await devices.use(SimulatedDevice.start({ hostname: 'NIGHTLAMP', brokerUrl: broker.url, ...behaviour }));
  };

  let release = 0;
  const offer = async () => {
    release += 1;
    const version = `#${hashOf(Buffer.from(file(release)), 'sha1').slice(0, 8)}`;
    const offered = house.untilState(entity, ({ attributes }) => attributes.latest_version === version);
    await example.save('main.py', file(release));
    await example.press('offer a release');
    return offered;
  };

  const install = () => house.callService('update', 'install', { entity_id: entity });
  const goBack = () => house.callService('button', 'press', { entity_id: button });
  const until = (isSo: (state: EntityState) => boolean) => house.untilState(entity, isSo);
  const inProgress = ({ attributes }: EntityState) => attributes.in_progress === true;
  const idle = ({ attributes }: EntityState) => attributes.in_progress === false;

  it('shows the device with its entity, and offers the release, whatever the device runs', async () => {
    await behave(good);
    const { state, attributes } = await offer();
    assert.equal(state, 'on');
    assert.equal(attributes.installed_version, 'unknown');
    assert.match(String(attributes.latest_version), /^#[0-9a-f]{8}$/);
    assert.equal(attributes.title, 'The lamp');
    const devices = await house.command<{ name: string }[]>('config/device_registry/list');
    assert.ok(devices.some(({ name }) => name === 'NIGHTLAMP'));
  });

  it('shows the progress of an install that was pressed, and what is installed then', async () => {
    await behave(halfWay);
    const { attributes: before } = await offer();
    const shown = until((state) => inProgress(state) && Number(state.attributes.update_percentage) > 0);
    const done = until(({ state, attributes }) => state === 'off' && attributes.in_progress === false);
    await install();
    await shown;
    device.goOn();
    const { attributes } = await done;
    assert.equal(attributes.installed_version, before.latest_version);
    assert.equal(attributes.update_percentage, null);
    assert.equal(device.files.get('main.py')?.toString(), file(release));
  });

  itNeeding(['chromium'], 'is installed by a press of Install in the page, which shows how far it is', async () => {
    await behave(halfWay);
    await offer();
    const browser = await resources.use(startBrowser());
    const page = await openPage(browser, house, `/home/overview?more-info-entity-id=${entity}`);
    const shown = until((state) => percentOf(state) > 0 && percentOf(state) < 99);
    // What services call install the page calls update.
    await page.getByText('Update', { exact: true }).click();
    await shown;
    await page.getByText(/\(\d+%\)/).waitFor();
    const path = process.env.HOME_ASSISTANT_PICTURE ?? join(example.userDir, 'dialog.png');
    await page.screenshot({ path, clip: { x: 300, y: 30, width: 600, height: 400 } });
    device.goOn();
    await until((now) => now.state === 'off' && idle(now));
    await page.getByText('Up-to-date').first().waitFor();
  });

  it('is installed by the automation beside the example, which tells how it went once that is known', async () => {
    await behave(slow);
    await offer();
    const automation = 'automation.install_the_lamps_updates_at_night';
    assert.equal((await house.state(automation))?.state, 'on', 'it was refused');
    await house.callService('automation', 'trigger', { entity_id: automation });
    assert.equal(await house.notification('Lamps'), '0 of 2 were not updated.');
    assert.equal(device.files.get('main.py')?.toString(), file(release));
  });

  /** Pressed again, it is installed: whatever happened before. */
  const assertInstallWorks = async () => {
    await behave(good);
    const done = until((now) => now.state === 'off' && idle(now));
    await install();
    await done;
    assert.equal(device.files.get('main.py')?.toString(), file(release));
  };

  it('goes back to the version before by its button, with progress, and offers the newer one again', async () => {
    const before = (await house.state(entity))?.attributes.installed_version;
    const earlier = file(release);
    await behave(slow); // presses within a second of another count once
    await offer();
    const updated = until(({ state, attributes }) => state === 'off' && attributes.in_progress === false);
    await install();
    const { attributes: newest } = await updated;
    await behave(halfWay);
    const shown = until((state) => inProgress(state) && percentOf(state) > 0);
    await goBack();
    await shown;
    device.goOn();
    const { state, attributes } = await until((now) => idle(now) && now.attributes.installed_version === before);
    assert.deepEqual([state, attributes.latest_version], ['on', newest.installed_version]);
    assert.equal(device.files.get('main.py')?.toString(), earlier);
  });

  it('can go back until nothing is kept any more, and again after an update', async () => {
    await behave(slow);
    while ((await house.state(button))?.state !== 'unavailable') {
      const { installed_version: had } = (await house.state(entity))?.attributes ?? {};
      const back = until((now) => idle(now) && now.attributes.installed_version !== had);
      await goBack();
      await back;
    }
    const done = until((now) => now.state === 'off' && idle(now));
    await install();
    await done;
    await house.untilState(button, ({ state }) => state !== 'unavailable');
  });

  it('goes back by the automation beside the example, and is not offered again then', async () => {
    await behave(slow);
    const { attributes: before } = (await house.state(entity)) ?? assert.fail('it is gone');
    const skipped = until(({ attributes }) => attributes.skipped_version === before.latest_version);
    await house.callService('automation', 'trigger', { entity_id: 'automation.take_the_lamps_last_update_back' });
    const { state, attributes } = await skipped;
    assert.equal(state, 'off');
    assert.notEqual(attributes.installed_version, before.installed_version);
  });

  it('is not in progress after a push that failed, and offers to install again', async () => {
    await behave({ closesAfterBytes: 1 });
    await offer();
    const begun = until(inProgress);
    await install();
    await begun;
    const { state } = await until(idle);
    assert.equal(state, 'on');
    await assertInstallWorks();
  });

  /** In each of these phases the rest of the story happens. */
  const phases: [string, Behaviour, (state: EntityState) => boolean][] = [
    ['nobody has come yet', { neverConnects: true }, inProgress],
    ['the file is on its way', halfWay, (state) => inProgress(state) && percentOf(state) > 0 && percentOf(state) < 99],
    ['its word is waited for', {}, (state) => percentOf(state) === 99],
  ];
  const stories: [string, () => Promise<void>][] = [
    ['is cancelled', () => example.press('stop')],
    [
      'ends by a redeploy',
      async () => {
        broker.subscribed.skip();
        await example.redeploy();
        // A press of Install that comes before is lost.
        await broker.subscribed.nextThat((topic) => topic.endsWith('/install'));
      },
    ],
    [
      'dies with Node-RED, which is killed and started again',
      async () => {
        await example.nodeRed.kill();
        await example.restart();
      },
    ],
  ];
  for (const [story, happens] of stories) {
    for (const [phase, behaviour, isThere] of phases) {
      it(`is not in progress after a push ${story} while ${phase}, and Install works again`, async () => {
        await behave(behaviour);
        await offer();
        // An entity is in progress as soon as Install is pressed; what is cancelled has to be a push.
        const there = Promise.all([device.next('announcement'), until(isThere)]);
        await install();
        await there;
        const ended = until(idle);
        await happens();
        assert.equal((await ended).state, 'on');
        await assertInstallWorks();
      });
    }
  }

  it('is there again, with what it knew, when Home Assistant starts anew', async () => {
    const { attributes: before } = await offer();
    await house.shutDown();
    await house.boot();
    const { attributes } = (await house.state(entity)) ?? assert.fail('it is gone');
    assert.equal(attributes.latest_version, before.latest_version);
    assert.equal(attributes.installed_version, before.installed_version);
    await assertInstallWorks();
  });

  it('has sent Home Assistant nothing that it rejected', async () => {
    assert.deepEqual(await house.rejected(), []);
  });
});

function percentOf({ attributes }: EntityState): number {
  return Number(attributes.update_percentage ?? -1);
}
