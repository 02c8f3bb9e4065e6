import assert from 'node:assert/strict';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { resourcesOfEachTest, resourcesOfSuite } from '../peers/resources';
import { temporaryFolder } from '../peers/temporary-folder';
import { place, type Received, TestFlow } from '../peers/test-flow';

const file = Buffer.from('print("hello")');
const inSet = { filename: 'lib/lamp.py', payload: file };
const good = { payload: file, target: 'nightlamp', filename: 'main.py' };

/** What comes in instead of a good message, and what the text must say. */
type Case = readonly [what: string, changes: Record<string, unknown>, says: RegExp];

const badTargets: readonly Case[] = [
  ['no target', { target: undefined }, /hostname as target, but there is none in msg\.target, got nothing/],
  ['an empty target', { target: '' }, /it is empty, got an empty text/],
  ['a number as target', { target: 42 }, /it is no text, got 42/],
  ['an object as target', { target: { name: 'nightlamp' } }, /got an object/],
  ['a list as target', { target: ['nightlamp', 'daylamp'] }, /got an array of 2/],
  ['a + in the target', { target: 'night+lamp' }, /\+ # \//],
  ['a # as target', { target: '#' }, /\+ # \//],
  ['a / in the target', { target: 'house/lamp' }, /\+ # \//],
  ['a $ before the target', { target: '$SYS' }, /begins with \$/],
  ['a | in the target', { target: 'night|lamp' }, /\|/],
  ['a \\ in the target', { target: 'night\\lamp' }, /\\/],
  ['a space in the target', { target: 'night lamp' }, /printable ASCII/],
  ['a line end after the target', { target: 'nightlamp\n' }, /printable ASCII/],
  ['a zero in the target', { target: 'night\0lamp' }, /printable ASCII/],
  ['an umlaut in the target', { target: 'nachttischlämpchen' }, /printable ASCII/],
  ['65 characters as target', { target: 'n'.repeat(65) }, /65 characters, at most 64/],
];

const badNames: readonly Case[] = [
  ['no filename', { filename: undefined }, /file's name.*there is none in msg\.filename, got nothing/],
  ['an empty filename', { filename: '' }, /it is empty/],
  ['a folder as filename', { filename: '/data/lamps/' }, /it is empty, got "\/data\/lamps\/"/],
  ['a number as filename', { filename: 7 }, /it is no text, got 7/],
  ['a Buffer as filename', { filename: file }, /got 14 bytes/],
  ['a | in the filename', { filename: 'main|1.py' }, /splits the fields/],
  ['a line end in the filename', { filename: 'main\n.py' }, /printable ASCII/],
  ['a tab in the filename', { filename: 'main\t.py' }, /printable ASCII/],
  ['an umlaut in the filename', { filename: 'größe.py' }, /printable ASCII/],
  ['.. as filename', { filename: '/data/..' }, /would leave its folder/],
  ['. as filename', { filename: '.' }, /would leave its folder/],
  ['tmp as filename', { filename: 'tmp' }, /in which devices receive/],
  ['201 characters as filename', { filename: `${'n'.repeat(198)}.py` }, /201 characters, at most 200/],
];

const badFiles: readonly Case[] = [
  ['no file', { payload: undefined }, /in msg\.payload as a Buffer or a text, got nothing/],
  ['null as file', { payload: null }, /got nothing/],
  ['a number as file', { payload: 3.8 }, /got 3\.8/],
  ['an object as file', { payload: { led: 2 } }, /got an object/],
  ['a list as file', { payload: [1, 2, 3] }, /got an array of 3/],
  ['a Buffer that was JSON in between', { payload: JSON.parse(JSON.stringify(file)) }, /got an object/],
  ['true as file', { payload: true }, /got true/],
  ['bytes that were read as text', { payload: 'M\uFFFD\u0002\u001f', filename: 'lib.bin' }, /single Buffer object/],
  ['half a character', { payload: 'smile \ud83d' }, /single Buffer object/],
  ['a .mpy as text', { payload: 'M\u0006', filename: 'lamp.mpy' }, /\.mpy.*single Buffer object/],
  ['a .MPY as text', { payload: 'M\u0006', filename: 'LAMP.MPY' }, /\.mpy.*single Buffer object/],
  [
    'a line of a file',
    { payload: 'import time', parts: { type: 'string', index: 0, ch: '\n' } },
    /part of one.*single Buffer object/,
  ],
  ['a piece of a stream', { parts: { type: 'buffer', index: 0, count: 3 } }, /part of one/],
  [
    'a line of a file, as it leaves the file node, with nothing else',
    { payload: 'import time', target: undefined, parts: { type: 'string', index: 0, ch: '\n' } },
    /this message is a part of one.*single Buffer object/,
  ],
  [
    'the end of a stream, which has nothing but that',
    { payload: undefined, target: undefined, filename: undefined, parts: { type: 'buffer', index: 3, count: 3 } },
    /this message is a part of one/,
  ],
  [
    'what a watch node sends, which is the name of the file',
    { payload: '/data/main.py', filename: '/data/main.py', file: 'main.py', event: 'update' },
    /this is its name: put a read file node before.*got "\/data\/main\.py"/,
  ],
  ['the result of a push', { payload: 'timeout', ota: { result: 'timeout' } }, /result of a push/],
];

const badSets: readonly Case[] = [
  ['an empty set', { files: [] }, /list of files in msg\.files.*got an array of 0/],
  ['a set that is no list', { files: { filename: 'main.py', payload: file } }, /msg\.files.*got an object/],
  ['a text as set', { files: 'main.py' }, /msg\.files.*got "main\.py"/],
  ['a name as an entry', { files: [inSet, 'main.py'] }, /Entry 2 of msg\.files.*got "main\.py"/],
  ['nothing as an entry', { files: [null] }, /Entry 1 of msg\.files.*got nothing/],
  ['an entry without a name', { files: [inSet, { payload: file }] }, /Entry 2 .*file's name.*got nothing/],
  ['an entry without bytes', { files: [{ filename: 'main.py' }] }, /Entry 1 .*Buffer or a text, got nothing/],
  ['an entry with a path', { files: [{ ...inSet, filename: '/data/main.py' }] }, /Entry 1 .*absolute path/],
  [
    'a part of a file in a set, be its name that of another part',
    { files: [inSet, { ...inSet, parts: { type: 'string', id: '1', index: 1 } }] },
    /Entry 2 .*a part of one: choose "a single Buffer object"/,
  ],
  ['the name of a file in a set', { files: [{ filename: 'a.py', payload: 'a.py' }] }, /Entry 1 .*this is its name/],
  [
    'the result of a push in a set',
    { files: [{ filename: 'a.py', payload: 'timeout', ota: { result: 'timeout' } }] },
    /Entry 1 .*the result of a push/,
  ],
  ['a .mpy as text in a set', { files: [{ filename: 'a.mpy', payload: 'M' }] }, /Entry 1 .*single Buffer object/],
  ['a file twice in a set', { files: [inSet, { ...inSet }] }, /Entry 2 .*each file once, got "lib\/lamp\.py"/],
];

const badNumbers: readonly Case[] = [
  [
    'no timeout where it is read from the message',
    { timeout: undefined, reboot: true },
    /timeout in seconds.*got nothing/,
  ],
  ['a timeout of 0', { timeout: 0, reboot: true }, /more than 0 and at most 86400, got 0/],
  ['a negative timeout', { timeout: -1, reboot: true }, /got -1/],
  ['a timeout that is no number', { timeout: 'soon', reboot: true }, /got "soon"/],
  ['an endless timeout', { timeout: Number.POSITIVE_INFINITY, reboot: true }, /got Infinity/],
  ['a timeout of more than a day', { timeout: 86_401, reboot: true }, /got 86401/],
  ['a list as timeout', { timeout: [3], reboot: true }, /got an array of 1/],
  ['no reboot where it is read from the message', { timeout: 1 }, /true or false as reboot, got nothing/],
  ['a reboot that is neither true nor false', { timeout: 1, reboot: 'maybe' }, /got "maybe"/],
];

const writtenNames: readonly Case[] = [
  ['an absolute path', { name: '/lib/lamp.py' }, /absolute path/],
  ['.. in a path', { name: 'lib/../boot.py' }, /would leave its folder/],
  ['a folder without a name', { name: 'lib//lamp.py' }, /no name/],
  ['a \\ in a path', { name: 'lib\\lamp.py' }, /split by \//],
];

describe('Bad input to ota-push', () => {
  const resources = resourcesOfEachTest();
  const resourcesOfAll = resourcesOfSuite();

  let broker: AedesBroker;
  let flow: TestFlow;

  before(async () => {
    broker = await resourcesOfAll.use(startAedes());
  });

  async function start(push: Record<string, unknown> = {}, server: Record<string, unknown> = {}): Promise<void> {
    flow = await resources.use(TestFlow.start({ broker, server, push }));
  }

  /** It is caught once with the code and a text, leaves by no output, is not complete, and nothing is published. */
  async function assertRefused(changes: Record<string, unknown>, says: RegExp): Promise<void> {
    const message: Received = await flow.push({ ...good, ...changes });
    assert.equal(message.output, 0, `it left by output ${message.output}`);
    assert.match(message.error?.message ?? '', says);
    assert.equal(message.ota.code, 'bad_input');
    assert.equal(`Error: ${message.ota.message}`, message.error?.message);
    if (message.error && 'code' in message.error) assert.equal(message.error.code, 'bad_input');
    assert.equal(flow.ends.all.length, 1);
    assert.equal(flow.completed.all.length, 0);
    const status = await flow.untilStatus('ota-push.status.bad_input');
    assert.deepEqual([status.fill, status.shape], ['red', 'ring']);
    assert.deepEqual(broker.published.all, []);
  }

  const tables: [string, readonly Case[], Record<string, unknown>][] = [
    ['the device', badTargets, {}],
    ['the filename', badNames, {}],
    ['the file', badFiles, {}],
    ['a set', badSets, {}],
    ['the numbers', badNumbers, { timeout: 'timeout', timeoutType: 'msg', reboot: 'reboot', rebootType: 'msg' }],
    ['a filename that is taken as written', writtenNames, { filename: 'name' }],
  ];
  for (const [where, cases, push] of tables) {
    describe(`in ${where}`, () => {
      for (const [what, changes, says] of cases) {
        it(`refuses ${what}`, async () => {
          await start(push);
          await assertRefused(changes, says);
        });
      }
    });
  }

  const sources: [string, Record<string, unknown>, RegExp][] = [
    [
      'a JSONata expression that fails',
      { target: '$substring(1, 2, 3, 4)', targetType: 'jsonata' },
      /target could not be read from jsonata/,
    ],
    [
      'a JSONata expression that is none',
      { target: '(((', targetType: 'jsonata' },
      /target could not be read from jsonata/,
    ],
    [
      'an environment variable that is not set',
      { target: 'OTA_PUSH_NOT_SET', targetType: 'env' },
      /target could not be read from env OTA_PUSH_NOT_SET: the variable OTA_PUSH_NOT_SET is not set/,
    ],
    ['flow context that is empty', { file: 'firmware', fileType: 'flow' }, /Buffer or a text, got nothing/],
    ['global context that is empty', { filename: 'name', filenameType: 'global' }, /file's name.*got nothing/],
    [
      'a target in flow context that is empty',
      { target: 'lamp', targetType: 'flow' },
      /none in flow\.lamp, got nothing/,
    ],
    [
      'an online topic that is no text',
      { verify: 'online', onlineTopic: [] },
      /online topic as a text, got an array of 0/,
    ],
    [
      'an online payload that is no text',
      { verify: 'online', onlineTopic: 'lamp/online', onlinePayload: 1 },
      /online payload as a text, got 1/,
    ],
    ['a topic to announce on that is no text', { announceOn: {} }, /topic to announce on as a text, got an object/],
    ['no server', { server: '' }, /no-server/],
    ['a server that was deleted', { server: 'gone' }, /server-deleted/],
    ['another node as server', { server: 'broker' }, /server-deleted/],
    ['what every object has as server', { server: '__proto__' }, /server-deleted/],
  ];
  for (const [what, push, says] of sources) {
    it(`refuses ${what}`, async () => {
      await start(push);
      await assertRefused({}, says);
    });
  }

  it('says that the server is disabled', async () => {
    await start({}, { d: true });
    await assertRefused({}, /server-disabled/);
  });

  it('says that the server is disabled with the flow that it belongs to', async () => {
    const off = { id: 'off', type: 'tab', label: 'Off', disabled: true };
    flow = await resources.use(TestFlow.start({ broker, server: { z: 'off' }, more: [off] }));
    await assertRefused({}, /server-disabled/);
  });

  it('says that the broker is disabled, at the start of the server and for each message', async () => {
    flow = await resources.use(TestFlow.start({ broker, mqtt: { d: true } }));
    assert.match(flow.logged('ERROR').join('\n'), /broker-disabled/);
    await assertRefused({}, /server-problem/);
  });

  it('says where a hostname that is none comes from: a dynamic link call has left there what it calls', async () => {
    const more = [
      { id: 'call', ...place, type: 'link call', links: [], linkType: 'dynamic', timeout: '30', wires: [[]] },
      { id: 'in', ...place, type: 'link in', name: 'update the lamp', links: [], wires: [['push']] },
    ];
    flow = await resources.use(TestFlow.start({ broker, more, coreNodes: ['common/60-link'] }));
    flow.node('call').receive({ ...good, target: 'update the lamp' } as never);
    const says = /got "update the lamp"\. A dynamic link call has left there what it calls: set msg\.target/;
    assert.match((await flow.ends.next()).error?.message ?? '', says);
    flow.node('call').receive({ reset: true, target: 'update the lamp' } as never);
    assert.match((await flow.ends.next()).error?.message ?? '', says);
    assert.doesNotMatch((await flow.push({ ...good, target: 'my lamp' })).error?.message ?? '', /link call/);
  });

  for (const node of [
    { type: 'ota-ha-update', prefix: 'homeassistant', baseTopic: 'ota-push' },
    { type: 'ota-devices', watch: false, outputs: 1 },
  ]) {
    it(`says so in an ${node.type} too`, async () => {
      const more = [
        { id: 'call', ...place, type: 'link call', links: [], linkType: 'dynamic', timeout: '30', wires: [['other']] },
        { id: 'in', ...place, type: 'link in', name: 'read the file', links: [], wires: [['return']] },
        { id: 'return', ...place, type: 'link out', mode: 'return', links: [] },
        { id: 'other', ...place, ...node, server: 'server', wires: [[]] },
      ];
      const userDir = await temporaryFolder(resources, 'link-call');
      const watched = ['other'];
      flow = await resources.use(TestFlow.start({ broker, more, userDir, watched, coreNodes: ['common/60-link'] }));
      for (const asked of [{}, { remove: true }, { forget: true }]) {
        flow.node('call').receive({ ...good, ...asked, target: 'read the file' } as never);
        const { error } = await flow.caught.next();
        assert.match(error?.message ?? '', /got "read the file"\. A dynamic link call has left there what it calls/);
      }
    });
  }

  it('refuses a message of which two sources fail, the slow one last, and goes on', async () => {
    const push = { target: '$number(name)', targetType: 'jsonata', filename: 'file.name', filenameType: 'msg' };
    await start(push);
    await assertRefused({ name: 'no number' }, /could not be read/);
    await new Promise(setImmediate);
  });

  it('refuses a message that cannot be changed, and goes on', async () => {
    await start();
    flow.send(Object.freeze({ ...good, _msgid: 'frozen', target: 'night lamp' }));
    const { error } = await flow.caught.next();
    assert.match(error?.message ?? '', /printable ASCII/);
  });

  const servers: [string, Record<string, unknown>, RegExp][] = [
    ['no broker', { broker: '' }, /no-broker/],
    ['a broker that was deleted', { broker: 'gone' }, /broker-deleted/],
    ['what every object has as broker', { broker: 'constructor' }, /broker-deleted/],
    ['a port that is none', { ports: '70000' }, /Ports: expected.*got "70000"/],
    ['a range the wrong way round', { ports: '40100-40000' }, /Ports: expected/],
    ['an address with a scheme', { advertise: 'http://10.0.0.5' }, /Advertised address/],
    ['a topic without a place for the hostname', { topic: 'lamps/OTA' }, /Topic.*\{target\}/],
    ['a topic for subscribers', { topic: '+/{target}/OTA' }, /Topic.*\+ or #/],
    ['a network that is none', { allow: '10.0.0.0/33' }, /Allowed addresses.*"10\.0\.0\.0\/33"/],
    ['a name to listen on', { bind: 'eth0' }, /Listen on.*no IP address/],
    ['no push at once', { concurrency: '0' }, /Pushes at once.*got "0"/],
    ['too many versions to keep', { keep: '21' }, /Versions to keep.*0 to 20, got "21"/],
  ];
  for (const [what, server, says] of servers) {
    it(`says what is wrong with a server that has ${what}, at its start and for each message`, async () => {
      await start({}, server);
      assert.match(flow.logged('ERROR').join('\n'), says);
      const message = await flow.push({ ...good });
      assert.equal(message.output, 0);
      assert.equal(message.ota.code, 'bad_input');
      assert.deepEqual(broker.published.all, []);
    });
  }
});

describe('A reset for a hostname that is none', () => {
  const resources = resourcesOfEachTest();

  it('is refused, and cancels nothing', async () => {
    const broker = await resources.use(startAedes());
    const flow = await resources.use(TestFlow.start({ broker }));
    flow.send({ ...good });
    await broker.published.next();
    assert.match((await flow.push({ reset: true, target: 7 })).error?.message ?? '', /got 7/);
    assert.equal(flow.ends.all.length, 1);
  });
});
