import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startMosquitto, type TestBroker } from '../../peers/brokers';
import { type Changes, changing, Example, inOwnFolder } from '../../peers/example';
import { HomeAssistant } from '../../peers/home-assistant';
import { connectClient } from '../../peers/mqtt-client';
import { describeNeeding } from '../../peers/needing';
import { resourcesOfEachTest, resourcesOfSuite } from '../../peers/resources';
import { root } from '../../peers/root';
import { SimulatedFleet } from '../../peers/simulated-fleet';

const folder = join(root, 'examples/home-assistant');
const token = 'a long secret of a test';
const lampsOfTheExamples = ['NIGHTLAMP', 'DAYLAMP'];
const file = 'print("new")\n';

/** The YAML beside an example, with names that are its own. @param mark before each alias */
async function yaml(example: string, mark: string): Promise<string> {
  const text = await readFile(join(folder, `${example}.yaml`), 'utf8');
  return text.replaceAll('alias: ', `alias: ${mark} `);
}

const needed = ['home-assistant', 'mosquitto'] as const;

describeNeeding(needed, 'The example flows that an automation of a real Home Assistant starts', function () {
  this.timeout(120_000);
  const resources = resourcesOfEachTest();
  const suite = resourcesOfSuite();

  let broker: TestBroker;
  let house: HomeAssistant;
  let fleet: SimulatedFleet;
  let port: number;

  before(async () => {
    broker = await suite.use(startMosquitto());
    port = await freePort();
    const overMqtt = await yaml('Started by an automation over MQTT', 'mqtt');
    const byEvent = await yaml('Started by a Home Assistant event', 'event');
    const overWebhook = await yaml('Started by an automation over a webhook', 'webhook');
    house = await suite.use(
      HomeAssistant.start({
        brokerPort: broker.port,
        automations: `${overMqtt}\n${byEvent}`,
        configuration: overWebhook.replace(':1880', `:${port}`).replace('change-me-to-a-long-secret', token),
      }),
    );
  });

  beforeEach(async () => {
    fleet = await resources.use(SimulatedFleet.start(broker.url, lampsOfTheExamples));
  });

  const deploy = (name: string, changes: Changes = () => ({})) =>
    resources.use(
      Example.deploy(`home-assistant/${name}`, broker, changing(inOwnFolder, changes), {
        packages: ['node-red-contrib-home-assistant-websocket'],
        files: { 'main.py': file },
        port,
      }),
    );

  /** Runs the automation now, not at its time. */
  const run = async (entity: string) => {
    assert.equal((await house.state(entity))?.state, 'on', `${entity} was refused`);
    await house.callService('automation', 'trigger', { entity_id: entity });
  };

  /** Resolves when the flow answers: what is published before it has subscribed is lost. */
  const heard = async () => {
    const client = await connectClient(resources, broker.url);
    const answered = once(client, 'message');
    await client.subscribeAsync('ota-push/automation/result');
    const ask = () => client.publish('ota-push/automation/start', '{}');
    const asking = setInterval(ask, 100);
    const stopAsking = () => clearInterval(asking);
    resources.defer(stopAsking);
    await answered;
    stopAsking();
  };

  const everyLampHasIt = () => assert.deepEqual(fleet.having('main.py', Buffer.from(file)), lampsOfTheExamples);

  it('"Started by an automation over MQTT" pushes, and the result comes back as a sensor and a notification', async () => {
    await deploy('Started by an automation over MQTT');
    await heard();
    const sensor = house.untilState('sensor.ota_push_last_update', ({ state }) => state === 'complete');
    await run('automation.mqtt_update_the_lamps');
    assert.equal((await sensor).attributes.updated, 2);
    assert.equal(await house.notification('Update of the lamps: complete'), '2 updated, 0 had the file, 0 not updated');
    everyLampHasIt();
  });

  it('"Started by an automation over MQTT" refuses what is not in its folder, and says so', async () => {
    await deploy('Started by an automation over MQTT');
    await heard();
    const client = await connectClient(resources, broker.url);
    for (const name of ['../secret.py', '/etc/passwd', 'a/../../b', '', '..', 7]) {
      const refused = house.untilState('sensor.ota_push_last_update', ({ state }) => state === 'bad_input');
      const start = JSON.stringify({ targets: lampsOfTheExamples, file: name });
      await client.publishAsync('ota-push/automation/start', start, { qos: 1 });
      assert.match(String((await refused).attributes.message), /Expected the name of a file/);
      const again = house.untilState('sensor.ota_push_last_update', ({ state }) => state === 'idle');
      await client.publishAsync('ota-push/automation/last', '{"result": "idle"}', { qos: 1, retain: true });
      await again;
    }
    assert.deepEqual(fleet.announced, []);
  });

  const setToken: Changes = ({ type }) =>
    type === 'tab' ? { env: [{ name: 'OTA_PUSH_TOKEN', value: token, type: 'str' }] } : {};
  const post = async (body: unknown, authorization?: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/ota-push/update`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      body: JSON.stringify(body),
    });
    return [answer.status, (await answer.json()) as { result: string; message: string }] as const;
  };

  it('"Started by an automation over a webhook" pushes, and answers with the result', async () => {
    await deploy('Started by an automation over a webhook', setToken);
    await run('automation.webhook_update_the_lamps');
    assert.equal(await house.notification('Update of the lamps: 200'), '2 updated, 0 had the file, 0 not updated');
    everyLampHasIt();
  });

  it('"Started by an automation over a webhook" refuses whoever has no token, another one, or what is not in its folder', async () => {
    await deploy('Started by an automation over a webhook', setToken);
    const good = { targets: lampsOfTheExamples, file: 'main.py' };
    for (const wrong of [
      undefined,
      'Bearer',
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      `Bearer ${'x'.repeat(token.length)}`,
    ]) {
      assert.equal((await post(good, wrong))[0], 401);
    }
    const bearer = `Bearer ${token}`;
    for (const bad of [
      { ...good, file: '../flows.json' },
      { ...good, file: 'missing.py' },
      { ...good, targets: [] },
      [],
    ]) {
      const [status, { result }] = await post(bad, bearer);
      assert.deepEqual([status, result], [400, 'bad_input'], JSON.stringify(bad));
    }
    assert.deepEqual(fleet.announced, []);
  });

  it('"Started by an automation over a webhook" refuses everybody as long as no token was chosen', async () => {
    await deploy('Started by an automation over a webhook');
    for (const authorization of [undefined, 'Bearer ']) {
      assert.equal((await post({ targets: lampsOfTheExamples, file: 'main.py' }, authorization))[0], 401);
    }
  });

  it('"Started by a Home Assistant event" pushes, and tells by a notification how it went', async () => {
    const { access_token: access } = house.login as { access_token: string };
    const credentials = { host: house.url, access_token: access };
    const flow = await deploy('Started by a Home Assistant event', ({ type }) =>
      type === 'server' ? { credentials } : {},
    );
    await flow.redeploy(/debug:status. .*running/);
    await run('automation.event_update_the_lamps');
    assert.equal(await house.notification('Update: complete'), '2 updated, 0 had the file, 0 not updated');
    everyLampHasIt();
    await house.fire('ota_push_update', { targets: lampsOfTheExamples, file: '../main.py' });
    assert.match(await house.notification('Update: bad_input'), /Expected the name of a file/);
  });

  it('have made Home Assistant reject nothing', async () => {
    assert.deepEqual(await house.rejected(), []);
  });
});
