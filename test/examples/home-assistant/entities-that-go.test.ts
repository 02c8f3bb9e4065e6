import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startMosquitto, type TestBroker } from '../../peers/brokers';
import { startBrowser } from '../../peers/browser';
import { changing, Example, type ExampleNode, injecting, inOwnFolder } from '../../peers/example';
import { HomeAssistant } from '../../peers/home-assistant';
import { openPage } from '../../peers/home-assistant/page';
import type { EntityState } from '../../peers/home-assistant/states';
import { describeNeeding, itNeeding } from '../../peers/needing';
import { resourcesOfEachTest, resourcesOfSuite } from '../../peers/resources';
import { SimulatedDevice } from '../../peers/simulated-device';

const entity = 'update.nightlamp_firmware';
const nightlamp = { 'ota-push__NIGHTLAMP': entity };
const daylamp = { 'ota-push__DAYLAMP': 'update.daylamp_firmware' };
const lost = 'Not installed: Node-RED does not have this release any more. Offer it there again.';
const needed = ['home-assistant', 'mosquitto'] as const;

const isHaUpdate = ({ type }: ExampleNode) => type === 'ota-ha-update';
const without = (flows: ExampleNode[]) => flows.filter((node) => !isHaUpdate(node));
const having = (changes: object) => (flows: ExampleNode[]) =>
  flows.map((node) => (isHaUpdate(node) ? { ...node, ...changes } : node));

describeNeeding(needed, 'What goes away, or has lost its release, in a real Home Assistant', function () {
  this.timeout(120_000);
  const resources = resourcesOfEachTest();
  const suite = resourcesOfSuite();

  let broker: TestBroker;
  let house: HomeAssistant;
  let example: Example;
  let device: SimulatedDevice;
  let version = 0;

  before(async () => {
    broker = await suite.use(startMosquitto());
    house = await suite.use(HomeAssistant.start({ brokerPort: broker.port }));
  });

  /** A Node-RED with a release that is new to its two devices, which Home Assistant has. */
  beforeEach(async () => {
    device = await resources.use(
      SimulatedDevice.start({ hostname: 'NIGHTLAMP', brokerUrl: broker.url, reports: true }),
    );
    const changes = changing(injecting({ targets: ['NIGHTLAMP', 'DAYLAMP'] }), inOwnFolder);
    version += 1;
    const files = { 'main.py': `print(${version})` };
    example = await resources.use(Example.deploy('home-assistant/Update entities', broker, changes, { files }));
    resources.defer(async () => {
      await change(without);
      await house.untilEntities({});
    });
    await example.press('offer a release');
    await house.untilEntities({ ...nightlamp, ...daylamp });
    await until(({ state }) => state === 'on');
  });

  const until = (isSo: (state: EntityState) => boolean) => house.untilState(entity, isSo);
  const change = (how: (flows: ExampleNode[]) => ExampleNode[]) => example.change(how, 'nodes');
  const install = () => house.callService('update', 'install', { entity_id: entity });

  it('stays deleted when it was deleted in the page, until its next release', async () => {
    const told = example.nodeRed.logged(/NIGHTLAMP was deleted in Home Assistant/);
    await house.deleteDevice('NIGHTLAMP');
    await told;
    await house.untilEntities(daylamp);
    await house.shutDown();
    await house.boot();
    await example.restart();
    // What is said of the other device now comes after all that a start shows.
    const other = await resources.use(SimulatedDevice.start({ hostname: 'DAYLAMP', brokerUrl: broker.url }));
    await other.report('running', { file: 'main.py', hash: 'ab'.repeat(20) });
    const isTold = ({ attributes }: EntityState) => attributes.installed_version === '#abababab';
    await house.untilState('update.daylamp_firmware', isTold);
    await house.untilEntities(daylamp);
    assert.equal(await house.state('button.nightlamp_previous_version'), undefined);
    await example.press('offer a release');
    await house.untilEntities({ ...nightlamp, ...daylamp });
    await until(({ state }) => state === 'on');
  });

  it('stays deleted when it was deleted while Node-RED was not there', async () => {
    await example.nodeRed.stop();
    await house.deleteDevice('NIGHTLAMP');
    await house.untilEntities(daylamp);
    await example.restart();
    await example.nodeRed.logged(/NIGHTLAMP was deleted in Home Assistant/);
    await house.untilEntities(daylamp);
    await example.press('offer a release');
    await house.untilEntities({ ...nightlamp, ...daylamp });
  });

  it('goes and comes with its node, by the name that it had', async () => {
    await change(having({ d: true }));
    await house.untilEntities({});
    await change(having({ d: false }));
    await house.untilEntities({ ...nightlamp, ...daylamp });
    await change(having({ baseTopic: 'house' }));
    await house.untilEntities({ house__NIGHTLAMP: entity, house__DAYLAMP: 'update.daylamp_firmware' });
    await until(({ state }) => state === 'on');
    await install();
    await until(({ state }) => state === 'off');
    assert.equal(device.files.get('main.py')?.toString(), `print(${version})`);
  });

  itNeeding(
    ['chromium'],
    'says in its dialog that its release is lost when Install is pressed, until it is offered again',
    async () => {
      await example.nodeRed.stop();
      await rm(join(example.userDir, 'ota-push'), { recursive: true });
      await example.restart();
      const browser = await resources.use(startBrowser());
      const page = await openPage(browser, house, `/home/overview?more-info-entity-id=${entity}`);
      const said = until(({ attributes }) => attributes.release_summary === lost);
      await page.getByText('Update', { exact: true }).click();
      const { state, attributes } = await said;
      assert.deepEqual([state, attributes.in_progress, attributes.title], ['on', false, 'The lamp']);
      await page.getByText(lost).waitFor();
      await example.nodeRed.logged(/A button of NIGHTLAMP was pressed in Home Assistant, but nobody has its release/);
      await example.press('offer a release');
      await until(({ attributes: { release_summary: summary } }) => summary !== lost);
      await install();
      await until((now) => now.state === 'off');
      assert.equal(device.files.get('main.py')?.toString(), `print(${version})`);
    },
  );

  it('has sent Home Assistant nothing that it rejected', async () => {
    assert.deepEqual(await house.rejected(), []);
  });
});
