import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { NodeAPI } from 'node-red';
import helper from 'node-red-node-test-helper';
import { ListeningPorts } from '../../lib/transfer/listening-ports';
import { serveHostnames } from '../../nodes/ota-server/hostnames';
import { serveServerProbe } from '../../nodes/ota-server/server-probe';
import type { ServerProbe } from '../../nodes/ota-server/server-probe-answer';
import { freePort } from '../peers/brokers';
import { setVariable } from '../peers/environment';
import { Stage } from '../peers/stage';

const path = '/ota-server/test';
const typed = { server: 'server', broker: 'broker', advertise: '127.0.0.1', bind: '', ports: '', allow: '' };
/** More than kernels hold. */
const large = Buffer.alloc(8_000_000, '#');

describe('The test of an OTA server', () => {
  const stage = new Stage();

  const ask = async (question: string | object) => {
    const { status, body } = await helper.request().post(path).set('content-type', 'application/json').send(question);
    return { status, body: body as ServerProbe & { problem?: string } };
  };
  const test = async (changes: object = {}) => (await ask({ ...typed, ...changes })).body;

  /** Node-RED has connected. */
  const connected = () => stage.flow.untilStatus('node-red:common.status.connected');

  it('says that the broker is connected, what is announced by which rule, and that a port opens', async () => {
    await stage.startFlow();
    await connected();
    const { broker: ofBroker, host, network, enclosure, ports, system } = await test();
    assert.deepEqual(ofBroker, { state: 'connected', at: `127.0.0.1:${stage.broker.port}` });
    assert.deepEqual(host, { host: '127.0.0.1', kind: 'loopback', rule: 'advertise' });
    assert.deepEqual([network, ports.result], [null, 'opens']);
    assert.ok(enclosure === null || ['container', 'add-on', 'wsl'].includes(enclosure));
    assert.ok(['linux', 'windows', 'other'].includes(system));
  });

  it('takes what is typed, and not what is deployed', async () => {
    await stage.startFlow();
    const [port, found] = [await freePort(), await test({ advertise: '', bind: '127.0.0.1' })];
    assert.deepEqual(found.host, { host: '127.0.0.1', kind: 'loopback', rule: 'bind' });
    const { host, ports } = await test({ advertise: 'lamps.lan', ports: `${port}` });
    assert.deepEqual(host, { host: 'lamps.lan', kind: 'name', rule: 'advertise' });
    assert.deepEqual(ports, { result: 'opens', port });
  });

  it('tests a server that is not deployed yet', async () => {
    await stage.startFlow();
    await connected();
    const { broker: ofBroker, ports } = await test({ server: 'new' });
    assert.deepEqual([ofBroker.state, ports.result], ['connected', 'opens']);
  });

  it('says that other programs have all ports, and gives back what it has opened', async () => {
    await stage.startFlow();
    const port = await freePort();
    const ports = `${port}`;
    assert.equal((await test({ ports })).ports.result, 'opens');
    const other = createServer().listen(port);
    stage.resources.defer(() => other.close());
    await once(other, 'listening');
    assert.equal((await test({ ports })).ports.result, 'taken');
  });

  it('does not take a push that has the only port for another program, nor the port from it', async () => {
    const ports = `${await freePort()}`;
    await stage.startFlow({ server: { ports } });
    const device = await stage.startDevice('nightlamp', { stallsAfterBytes: 10 });
    const reached = device.next('connected');
    stage.flow.send({ payload: large, filename: 'main.py', target: 'nightlamp' });
    await reached;
    assert.deepEqual((await test({ ports })).ports, { result: 'in-use' });
    device.goOn();
    assert.equal((await stage.flow.ends.next()).payload, 'success');
    assert.equal((await test({ ports })).ports.result, 'opens');
  });

  it('says that the address to listen on is none of this machine', async () => {
    await stage.startFlow();
    for (const ports of ['', '40000-40100']) {
      assert.equal((await test({ bind: '192.0.2.1', ports })).ports.result, 'no-address', ports);
    }
  });

  it('says why the broker is not connected: what its client says, or what comes of a connection', async () => {
    const { port } = stage.broker;
    await stage.broker.stop();
    const unused = { id: 'unused', type: 'mqtt-broker', broker: 'localhost', port: String(port), autoConnect: true };
    await stage.startFlow({ more: [unused] });
    for (const [id, host] of [
      ['broker', '127.0.0.1'],
      ['unused', 'localhost'],
    ]) {
      const { broker: ofBroker } = await test({ broker: id });
      assert.equal(ofBroker.state, 'problem');
      assert.deepEqual('trouble' in ofBroker && [ofBroker.trouble, ofBroker.at], ['refused', `${host}:${port}`]);
    }
  });

  it('says of a broker that nobody uses yet that somebody answers there, and of one that waits to be told that it does', async () => {
    const at = { type: 'mqtt-broker', broker: '127.0.0.1', port: String(stage.broker.port) };
    await stage.startFlow({
      more: [
        { ...at, id: 'unused', autoConnect: true },
        { ...at, id: 'off', autoConnect: false },
      ],
    });
    assert.deepEqual((await test({ broker: 'unused' })).broker, {
      state: 'answers',
      at: `127.0.0.1:${stage.broker.port}`,
    });
    assert.deepEqual((await test({ broker: 'off' })).broker, { state: 'off', at: `127.0.0.1:${stage.broker.port}` });
  });

  it('says that no broker is chosen, or that it does not run', async () => {
    await stage.startFlow();
    assert.deepEqual((await test({ broker: '' })).broker, { state: 'none' });
    for (const id of ['new', 'server', '__proto__']) {
      assert.deepEqual((await test({ broker: id })).broker, { state: 'not-running' }, id);
    }
  });

  it('tests nothing where a value is wrong', async () => {
    await stage.startFlow();
    for (const wrong of [{ ports: '5-1' }, { bind: 'eth0' }, { advertise: 'a b' }, { allow: 'lamps' }]) {
      assert.deepEqual(await test(wrong), { problem: 'settings' });
    }
  });

  it('tells the value of no variable but of those that the server was deployed with', async () => {
    setVariable(stage.resources, 'OTA_TEST_HOST', 'lamps.lan');
    setVariable(stage.resources, 'OTA_TEST_SECRET', 'hidden.lan');
    setVariable(stage.resources, 'OTA_TEST_PORTS', '40000-40019');
    await stage.startFlow({ server: { advertise: `\${OTA_TEST_HOST}`, ports: `\${OTA_TEST_PORTS}` } });
    const { settings } = await test({ ports: `\${OTA_TEST_PORTS}`, allow: '10.0.0.7' });
    assert.deepEqual(settings, { ports: '40000-40019', bind: '', allow: '10.0.0.7' });
    assert.equal((await test({ advertise: `\${OTA_TEST_HOST}` })).host.host, 'lamps.lan');
    for (const other of [`\${OTA_TEST_SECRET}`, '$(OTA_TEST_HOST)', `\${OTA_TEST_NOT_SET}`]) {
      assert.deepEqual(await test({ advertise: other }), { problem: 'variable' }, other);
    }
    assert.deepEqual(await test({ server: 'new', advertise: `\${OTA_TEST_HOST}` }), { problem: 'variable' });
  });

  it('runs once at a time', async () => {
    await stage.startFlow();
    const answers = await Promise.all([test(), test()]);
    assert.deepEqual(answers.filter(({ problem }) => problem === 'busy').length, 1);
    assert.equal((await test()).problem, undefined);
  });

  const nonsense: [string, string | object][] = [
    ['nothing', {}],
    ['a list', [typed]],
    ['no text as server', { ...typed, server: { id: 'server' } }],
    ['no text as address', { ...typed, advertise: ['127.0.0.1'] }],
    ['a number of ports', { ...typed, ports: 1233 }],
    ['an address without end', { ...typed, advertise: 'a'.repeat(2001) }],
  ];
  for (const [what, question] of nonsense) {
    it(`is not begun for ${what}: 400`, async () => {
      await stage.startFlow();
      assert.equal((await ask(question)).status, 400);
    });
  }

  it('needs the permission to read flows, as the hostnames do', () => {
    const needed: string[] = [];
    const RED = {
      httpAdmin: { post: () => undefined, get: () => undefined },
      auth: { needsPermission: (permission: string) => needed.push(permission) },
    } as unknown as NodeAPI;
    serveServerProbe(RED, new ListeningPorts());
    serveHostnames(RED);
    assert.deepEqual(needed, ['flows.read', 'flows.read']);
  });
});
