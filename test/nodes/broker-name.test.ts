import assert from 'node:assert/strict';
import { brokerAddress, brokerHost, brokerName, brokerPort } from '../../nodes/ota-server/broker-name';
import { resourcesOfEachTest } from '../peers/resources';
import { TestFlow } from '../peers/test-flow';

const password = 'p/a?s#s@w:o//r d\\1883';

describe('A login in the URL of a broker', () => {
  const resources = resourcesOfEachTest();

  const names: [string, string][] = [
    ['mqtt://localhost:1883', 'mqtt://localhost:1883'],
    ['mqtts://[fd00::7]:8883', 'mqtts://[fd00::7]:8883'],
    ['ws://house.local:9001/mqtt', 'ws://house.local:9001/mqtt'],
    ['mqtt://lamp:secret@house.local', 'mqtt://house.local'],
    ['mqtt://lamp:se/cret@house.local:1883', 'mqtt://house.local:1883'],
    ['mqtt://lamp:se@cret@house.local', 'mqtt://house.local'],
    ['mqtt://1883?secret@house.local', 'mqtt://house.local'],
    ['mqtt://lamp:se#cret\n@house.local', 'mqtt://house.local'],
    ['lamp:se//cret@house.local', 'house.local'],
    [`mqtt://lamp:${password}@house.local`, 'mqtt://house.local'],
    ['wss://house.local/mqtt?login=lamp&password=secret', 'wss://house.local/mqtt'],
    ['wss://house.local/mqtt#secret', 'wss://house.local/mqtt'],
  ];
  for (const [url, name] of names) {
    it(`is left out, whatever characters it holds: ${JSON.stringify(url)}`, () => assert.equal(brokerName(url), name));
  }

  it('does not hide the host, and what is no address has none', () => {
    assert.equal(brokerHost(`mqtt://lamp:${password}@[fd00::7]:1883`), 'fd00::7');
    assert.equal(brokerHost('mqtt://lamp:secret@'), undefined);
    assert.equal(brokerHost('mqtt://a b'), undefined);
  });

  it('does not hide the port, which is the usual one of the scheme where none is named', () => {
    const ports: [string, string, number][] = [
      ['mqtt://lamp:secret@house.local:1884', 'house.local:1884', 1884],
      ['mqtt://[fd00::7]:1883', '[fd00::7]:1883', 1883],
      ['mqtts://house.local', 'house.local', 8883],
      ['wss://lamp:secret@house.local/mqtt', 'house.local', 443],
      ['ws://house.local:9001/mqtt', 'house.local:9001', 9001],
    ];
    for (const [url, at, port] of ports) assert.deepEqual([brokerAddress(url), brokerPort(url)], [at, port], url);
    assert.equal(brokerAddress('lamp:secret@house local'), 'house local');
  });

  it('reaches neither the message nor the log where the broker is not there', async () => {
    const broker = { host: 'mqtt://lamp@p/a?s#s@w:o@127.0.0.1:1', port: 1 };
    const push = { timeout: '0.2' };
    const flow = await resources.use(TestFlow.start({ broker, push }));
    const { ota } = await flow.push({ payload: 'print(1)', target: 'nightlamp', filename: 'main.py' });
    assert.equal(ota.code, 'broker_offline');
    assert.match(String(ota.message), /the broker mqtt:\/\/127\.0\.0\.1:1 within/);
    assert.doesNotMatch(JSON.stringify(ota) + flow.logged('WARN') + flow.logged('ERROR'), /lamp@|p\/a|s@w/);
  });
});
