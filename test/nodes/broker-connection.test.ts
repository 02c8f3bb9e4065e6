import assert from 'node:assert/strict';
import { connectionProblem } from '../../nodes/ota-server/connection-problem';
import type { ConnectionProblem } from '../../nodes/shared/connection';
import type { OtaServerNode } from '../../nodes/shared/server-node';
import { freePort, startMosquitto } from '../peers/brokers';
import { makeCertificate } from '../peers/certificate';
import { itNeeding } from '../peers/needing';
import { resourcesOfEachTest } from '../peers/resources';
import { type FlowSettings, TestFlow } from '../peers/test-flow';

describe('What keeps the connection to a broker from being made', () => {
  const resources = resourcesOfEachTest();

  /** The first thing that Node-RED's client says of it. */
  async function problemWith(
    broker: FlowSettings['broker'],
    mqtt: FlowSettings['mqtt'] = {},
  ): Promise<ConnectionProblem> {
    const flow = await resources.use(TestFlow.start({ broker, mqtt }));
    const { state } = flow.node('server') as unknown as OtaServerNode;
    assert.ok('connection' in state);
    const { connection } = state;
    return new Promise((resolve) => {
      const look = () => connection.now.problem && resolve(connection.now.problem);
      connection.onChange(look);
      look();
    });
  }

  it('is told where nobody listens, with the broker as it was typed', async () => {
    const port = await freePort();
    const { trouble, at, detail } = await problemWith({ host: 'localhost', port });
    assert.deepEqual([trouble, at], ['refused', `localhost:${port}`]);
    assert.match(detail, /ECONNREFUSED/);
  });

  it('is told where nobody knows the host', async () => {
    const { trouble, at } = await problemWith({ host: 'nowhere.invalid', port: 1883 });
    assert.deepEqual([trouble, at], ['unknown-host', 'nowhere.invalid:1883']);
  });

  for (const version of ['4', '5']) {
    itNeeding(['mosquitto'], `is told where the broker refuses the login, with MQTT's version ${version}`, async () => {
      const broker = await resources.use(startMosquitto(['allow_anonymous false']));
      const { trouble, at } = await problemWith(broker, { protocolVersion: version });
      assert.deepEqual([trouble, at], ['login', `127.0.0.1:${broker.port}`]);
    });
  }

  itNeeding(['mosquitto', 'openssl'], 'is told where the certificate is of nobody that is known', async () => {
    const tls = ['certfile {folder}/tls.pem', 'keyfile {folder}/tls.pem'];
    const broker = await resources.use(startMosquitto(tls, { 'tls.pem': await makeCertificate() }));
    const { trouble, detail } = await problemWith(broker, { usetls: true, verifyservercert: true });
    assert.equal(trouble, 'tls');
    assert.match(detail, /self.signed certificate/);
  });

  const rare: [string | number, string, string][] = [
    ['EHOSTUNREACH', '', 'unreachable'],
    ['ETIMEDOUT', '', 'no-answer'],
    ['ECONNRESET', 'read ECONNRESET', 'broken-off'],
    ['EPROTO', 'wrong version number', 'tls'],
    ['', 'connack timeout', 'no-answer'],
    [3, 'Connection refused: Server unavailable', 'other'],
    ['', 'Unexpected server response: 404', 'other'],
  ];
  for (const [code, message, trouble] of rare) {
    it(`is told of what a test cannot bring about: ${message || code}`, () => {
      const error = Object.assign(new Error(message), { code });
      assert.deepEqual(connectionProblem(error, 'house:1883'), {
        trouble,
        at: 'house:1883',
        detail: message || String(code),
      });
    });
  }
});
