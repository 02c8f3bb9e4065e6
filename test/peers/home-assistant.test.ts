import assert from 'node:assert/strict';
import type { MqttClient } from 'mqtt';
import { startMosquitto } from './brokers';
import { startBrowser } from './browser';
import { setVariable } from './environment';
import { HomeAssistant } from './home-assistant';
import { openPage } from './home-assistant/page';
import type { EntityState } from './home-assistant/states';
import { Inbox } from './inbox';
import { connectClient } from './mqtt-client';
import { describeNeeding, itNeeding } from './needing';
import { resourcesOfEachTest, resourcesOfSuite } from './resources';

const entity = 'update.nightlamp';

const discovery = {
  name: null,
  unique_id: 'nightlamp_update',
  default_entity_id: entity,
  state_topic: 'nightlamp/update',
  command_topic: 'nightlamp/update/set',
  payload_install: 'install',
  device: { identifiers: ['nightlamp'], name: 'Nightlamp' },
};

const automations = `
- triggers: [{ trigger: event, event_type: doorbell }]
  actions: [{ action: mqtt.publish, data: { topic: nightlamp/doorbell, payload: "{{ trigger.event.data.who }}" } }]
`;

const news = { installed_version: '1', latest_version: '2', update_percentage: null };

describe('The test peer Home Assistant', () => {
  const resources = resourcesOfEachTest();

  it('names the command that installs it where it is missing', async () => {
    setVariable(resources, 'HOME_ASSISTANT', '/nowhere');
    await assert.rejects(
      resources.use(HomeAssistant.start({ brokerPort: 1883 })),
      /Home Assistant is missing\. Get it with: npm run peers -- home-assistant$/,
    );
  });
});

describeNeeding(['home-assistant', 'mosquitto'], 'The test peer Home Assistant', function () {
  this.timeout(120_000);
  const resources = resourcesOfSuite();
  const heard = new Inbox<string>();
  let client: MqttClient;
  let house: HomeAssistant;

  before(async () => {
    const broker = await resources.use(startMosquitto());
    client = await connectClient(resources, broker.url);
    client.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
    await client.subscribeAsync(['nightlamp/update/set', 'nightlamp/doorbell', 'homeassistant/status']);
    await tell(news);
    await client.publishAsync('homeassistant/update/nightlamp/config', JSON.stringify(discovery), { retain: true });
    house = await resources.use(HomeAssistant.start({ brokerPort: broker.port, automations }));
  });

  beforeEach(async () => {
    await tell(news);
    await house.untilState(entity, isFresh);
  });

  const isFresh = ({ state, attributes }: EntityState) =>
    state === 'on' && attributes.latest_version === '2' && attributes.in_progress === false;

  const tell = (state: object) => client.publishAsync('nightlamp/update', JSON.stringify(state), { retain: true });

  it('greets on the broker', async () => {
    assert.equal(await heard.next(), 'homeassistant/status online');
  });

  it('shows what was retained', async () => {
    const { attributes } = (await house.state(entity)) ?? assert.fail();
    const { installed_version, latest_version, friendly_name } = attributes;
    assert.deepEqual([installed_version, latest_version, friendly_name], ['1', '2', 'Nightlamp']);
    assert.equal(await house.state('update.unheard_of'), undefined);
  });

  it('sends the command when a user installs', async () => {
    await house.callService('update', 'install', { entity_id: entity });
    assert.equal(await heard.next(), 'nightlamp/update/set install');
    await tell({ update_percentage: 0 });
    await house.untilState(entity, ({ attributes }) => attributes.in_progress === true);
    await assert.rejects(house.callService('update', 'install', { entity_id: entity }), /already in progress/);
  });

  it('shows the progress until it is null', async () => {
    await tell({ update_percentage: 40 });
    const { attributes } = await house.untilState(entity, ({ attributes }) => attributes.in_progress === true);
    assert.equal(attributes.update_percentage, 40);
    await tell({ update_percentage: null });
    await house.untilState(entity, ({ attributes }) => attributes.in_progress === false);
    await tell({ installed_version: '2' });
    await house.untilState(entity, ({ state }) => state === 'off');
  });

  it('runs automations', async () => {
    await house.fire('doorbell', { who: 'the neighbour' });
    assert.equal(await heard.next(), 'nightlamp/doorbell the neighbour');
  });

  it('complains of a payload that it does not take', async () => {
    assert.deepEqual(await house.rejected(), []);
    await tell({ installed_version: '1', surprise: true });
    await tell({ latest_version: '3' });
    await house.untilState(entity, ({ attributes }) => attributes.latest_version === '3');
    assert.match((await house.rejected()).join('\n'), /Schema violation.*nightlamp\/update.*surprise/);
  });

  it('says what the state is when a state does not come', async () => {
    const never = house.untilState(entity, ({ state }) => state === 'unheard of', { within: 100 });
    await assert.rejects(never, /update.nightlamp is .*"state":"on"/);
  });

  it('remembers over a restart, and takes up what was retained', async () => {
    await house.shutDown();
    assert.equal(await heard.next(), 'homeassistant/status offline');
    await tell({ installed_version: '3', latest_version: '4' });
    await house.boot();
    assert.equal(await heard.next(), 'homeassistant/status online');
    const { state, attributes } = (await house.state(entity)) ?? assert.fail();
    assert.deepEqual([state, attributes.latest_version], ['on', '4']);
  });

  itNeeding(['chromium'], 'has a page for a user in a browser', async () => {
    const browser = await resources.use(startBrowser());
    const page = await openPage(browser, house, '/config/updates');
    await page.getByText('Nightlamp').first().waitFor();
  });
});
