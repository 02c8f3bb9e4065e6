import assert from 'node:assert/strict';
import type { ProbedSettings, ServerProbe } from '../../nodes/ota-server/server-probe-answer';
import { linesOf } from '../../nodes/ota-server/server-probe-words';
import { foundServer } from '../peers/found-server';

const linesFor = (test: Partial<ServerProbe>, typed: Partial<ProbedSettings> = {}) =>
  linesOf({ ...foundServer, ...test, settings: { ...foundServer.settings, ...typed } }, (key) => key);
const codeFor = (test: Partial<ServerProbe>, typed: Partial<ProbedSettings> = {}) => linesFor(test, typed).at(-1)?.code;
const marksFor = (test: Partial<ServerProbe>) => linesFor(test).map(({ mark }) => mark);

describe('What the test of a server has found', () => {
  it('is good where devices can come, with what a firewall needs as something to know', () => {
    assert.deepEqual(marksFor({}), ['good', 'good', 'good', 'hint']);
  });

  it('is bad where no device can come', () => {
    const loopback = { host: '127.0.0.1', kind: 'loopback', rule: 'nothing-else' } as const;
    assert.deepEqual(marksFor({ host: loopback }), ['good', 'hint', 'bad', 'good', 'hint']);
    assert.equal(marksFor({ ports: { result: 'taken', detail: '' } })[2], 'bad');
    assert.equal(marksFor({ broker: { state: 'none' } })[0], 'bad');
  });

  it('is nothing bad while the broker is only typed in, and not deployed yet', () => {
    assert.equal(marksFor({ broker: { state: 'not-running' } })[0], 'hint');
  });

  const range = { ports: '40000-40019' };
  const codes: [string, Partial<ServerProbe>, Partial<ProbedSettings>, string | undefined][] = [
    ['ports as an example', {}, {}, 'sudo ufw allow from 192.168.4.0/24 to any port 40000:40019 proto tcp'],
    ['one port', {}, { ports: '1233' }, 'sudo ufw allow from 192.168.4.0/24 to any port 1233 proto tcp'],
    [
      'a network that is not known',
      { network: null },
      range,
      'sudo ufw allow from any to any port 40000:40019 proto tcp',
    ],
    [
      'those who may fetch files',
      {},
      { ...range, allow: '10.0.0.7, fd00::/8' },
      'sudo ufw allow from 10.0.0.7 to any port 40000:40019 proto tcp\nsudo ufw allow from fd00::/8 to any port 40000:40019 proto tcp',
    ],
    [
      'Windows',
      { system: 'windows' },
      range,
      'netsh advfirewall firewall add rule name="OTA push" dir=in action=allow protocol=TCP localport=40000-40019',
    ],
    ['a system whose firewall nobody knows', { system: 'other' }, range, undefined],
    [
      'a container',
      { enclosure: 'container', own: '172.17.0.2' },
      range,
      'docker run -p 1880:1880 -p 40000-40019:40000-40019 -v node_red_data:/data nodered/node-red\n\nports:\n  - "1880:1880"\n  - "40000-40019:40000-40019"',
    ],
    ['an add-on of Home Assistant', { enclosure: 'add-on' }, range, 'ha network info'],
    [
      'WSL',
      { enclosure: 'wsl', own: '172.20.1.2' },
      { ports: '1233' },
      'netsh interface portproxy add v4tov4 listenport=1233 connectport=1233 connectaddress=172.20.1.2\nnetsh advfirewall firewall add rule name="OTA push" dir=in action=allow protocol=TCP localport=1233',
    ],
  ];
  for (const [what, test, typed, code] of codes) {
    it(`has what is to be typed for ${what}`, () => assert.equal(codeFor(test, typed), code));
  }

  it('tells an example from the ports that are typed', () => {
    const keyOf = (typed: Partial<ProbedSettings>) => linesFor({}, typed).at(-1)?.text;
    assert.deepEqual(
      [keyOf({}), keyOf(range)],
      ['ota-server.test.way.firewall.any', 'ota-server.test.way.firewall.fixed'],
    );
  });
});
