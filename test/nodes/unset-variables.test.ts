import assert from 'node:assert/strict';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest, resourcesOfSuite } from '../peers/resources';
import { type FlowSettings, TestFlow } from '../peers/test-flow';

const good = { payload: Buffer.from('print("hello")'), target: 'nightlamp', filename: 'main.py' };
/** Nobody sets it; Node-RED leaves the text as it is then. */
const whole = `\${OTA_PUSH_NOT_SET}`;
const old = '$(OTA_PUSH_NOT_SET)';
/** Node-RED replaces a variable only where it is all of a text. */
const inPart = `lamps-\${OTA_PUSH_NOT_SET}`;

/** Each property with one of the forms, in turn. */
function withForms<T>(
  properties: Readonly<Record<string, T>>,
): (readonly [property: string, other: T, value: string])[] {
  const forms = [whole, old, inPart];
  return Object.entries(properties).map(([property, other], index) => [property, other, forms[index % 3] ?? whole]);
}

describe('A variable of the environment that is not set', () => {
  const resources = resourcesOfEachTest();
  const resourcesOfAll = resourcesOfSuite();

  let broker: AedesBroker;

  before(async () => {
    broker = await resourcesOfAll.use(startAedes());
  });

  const start = (settings: Omit<FlowSettings, 'broker'>) => resources.use(TestFlow.start({ broker, ...settings }));

  for (const secret of [whole, old, `0123456789abcdef\${OTA_PUSH_NOT_SET}`]) {
    it(`is no secret that announcements are signed with: ${secret}`, async () => {
      const flow = await start({ server: { format: 'signed' }, secret });
      assert.match(
        flow.logged('ERROR').join('\n'),
        /Secret: it holds the variable \$.OTA_PUSH_NOT_SET., which is not set/,
      );
      const { ota } = await flow.push(good);
      assert.equal(ota.code, 'bad_input');
      assert.deepEqual(broker.published.all, []);
      assert.doesNotMatch(flow.logged('ERROR').join('\n'), /0123456789/, 'what else is in it is nobody’s business');
    });
  }

  const ofServer = {
    advertise: 'Advertised address',
    bind: 'Listen on',
    ports: 'Ports',
    topic: 'Topic',
    allow: 'Allowed',
    concurrency: 'Pushes at once',
    keep: 'Versions to keep',
    format: 'Form of the announcement',
  };
  for (const [property, label, value] of withForms(ofServer)) {
    it(`is said at the start of the server, and for each message: ${property} ${value}`, async () => {
      const flow = await start({ server: { [property]: value } });
      assert.match(
        flow.logged('ERROR').join('\n'),
        new RegExp(`${label}.*the variable \\$.OTA_PUSH_NOT_SET., which is not set`),
      );
      assert.equal((await flow.push(good)).ota.code, 'bad_input');
    });
  }

  it('is said of the broker that was chosen', async () => {
    const flow = await start({ server: { broker: whole } });
    assert.match(flow.logged('ERROR').join('\n'), /Broker: it holds the variable .*OTA_PUSH_NOT_SET/);
  });

  const ofBoth: Readonly<Record<string, Record<string, unknown>>> = {
    server: {},
    filename: { filenameType: 'str' },
    timeout: {},
    verify: {},
    verifyTimeout: {},
    onlineTopic: { verify: 'online' },
    onlinePayload: { verify: 'online', onlineTopic: 'lamps' },
    format: {},
    retries: {},
    retryDelay: {},
  };
  const ofPush = { ...ofBoth, target: { targetType: 'str' }, announceOn: {}, waitHours: { announceOn: 'lamps' } };
  const ofRollout = { ...ofBoth, targets: {}, waves: {}, pause: {}, stopAfter: {} };
  const tables = { push: ofPush, rollout: ofRollout };
  for (const [kind, properties] of Object.entries(tables)) {
    for (const [property, others, value] of withForms(properties)) {
      it(`is a bad input to an OTA ${kind}: ${property} ${value}`, async () => {
        const flow = await start({ [kind]: { ...others, [property]: value } });
        const { ota } = await flow.push({ ...good, targets: ['nightlamp'] });
        assert.equal(ota.code, 'bad_input');
        assert.match(
          String(ota.message),
          new RegExp(`The property ${property}: it holds the variable \\$.OTA_PUSH_NOT_SET.`),
        );
        assert.deepEqual(broker.published.all, []);
      });
    }
  }

  for (const [property, , value] of withForms({ prefix: {}, baseTopic: {}, server: {} })) {
    it(`is a bad input to an HA update: ${property} ${value}`, async () => {
      const update = {
        id: 'update',
        type: 'ota-ha-update',
        z: 'tab',
        x: 0,
        y: 0,
        server: 'server',
        prefix: '',
        baseTopic: '',
      };
      const flow = await start({ more: [{ ...update, [property]: value, wires: [[]] }], watched: ['update'] });
      flow.node('update').receive(good as never);
      const { message } = (await flow.caught.next()).error ?? {};
      assert.match(message ?? '', new RegExp(`The property ${property}: it holds the variable \\$.OTA_PUSH_NOT_SET.`));
    });
  }

  for (const [property, value] of Object.entries({
    target: 'OTA_PUSH_NOT_SET',
    filename: inPart,
    reboot: whole,
    timeout: inPart,
  })) {
    it(`is a bad input where a property is one, or holds one: ${property} ${value}`, async () => {
      const flow = await start({ push: { [property]: value, [`${property}Type`]: 'env' } });
      const { ota } = await flow.push(good);
      assert.equal(ota.code, 'bad_input');
      assert.match(
        String(ota.message),
        new RegExp(`The ${property} could not be read from env .*: the variable OTA_PUSH_NOT_SET is not set`),
      );
    });
  }

  it('cancels no push of other devices where a reset names its device by it', async () => {
    const flow = await start({ push: { target: 'OTA_PUSH_NOT_SET', targetType: 'env' } });
    const { ota } = await flow.push({ reset: true });
    assert.equal(ota.code, 'bad_input');
  });

  it('leaves JSONata alone, which may look like one', async () => {
    const push = { target: `\${"a":"nightlamp"}.a`, targetType: 'jsonata', filename: 'none' };
    const flow = await start({ push });
    assert.match(String((await flow.push(good)).ota.message), /file's name/);
  });
});
