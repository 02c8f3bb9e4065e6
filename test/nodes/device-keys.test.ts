import assert from 'node:assert/strict';
import helper from 'node-red-node-test-helper';
import { deviceKey } from '../../lib/protocol/signature';
import { secretWeakness } from '../../nodes/ota-server/secret-strength';
import { startAedes } from '../peers/brokers';
import { resourcesOfEachTest } from '../peers/resources';
import { place, TestFlow } from '../peers/test-flow';

const secret = 'correct horse battery staple';
const path = '/ota-server/device-key';

describe('The key of a device', () => {
  const resources = resourcesOfEachTest();

  beforeEach(async () => {
    const broker = await resources.use(startAedes());
    const more = [{ id: 'other', type: 'helper', ...place }];
    await resources.use(TestFlow.start({ broker, secret, more }));
  });

  const ask = (question: string | object) =>
    helper.request().post(path).set('content-type', 'application/json').send(question);

  it('is made from the secret of the server', async () => {
    const { status, body } = await ask({ server: 'server', hostname: 'nightlamp', secret: '__PWRD__' });
    assert.deepEqual([status, body], [200, { key: deviceKey(secret, 'nightlamp') }]);
  });

  const nonsense: [string, string | object][] = [
    ['a question without a server', { hostname: 'nightlamp' }],
    ['a server that is no text', { server: { id: 'server' }, hostname: 'nightlamp' }],
    ['a question without a hostname', { server: 'server' }],
    ['a hostname that is no text', { server: 'server', hostname: ['nightlamp'] }],
    ['a secret that is no text', { server: 'server', hostname: 'nightlamp', secret: { length: 20 } }],
    ['no secret', { server: 'server', hostname: 'nightlamp', secret: null }],
    ['a list', [{ server: 'server', hostname: 'nightlamp' }]],
    ['an empty question', {}],
  ];
  for (const [what, question] of nonsense) {
    it(`is not given for ${what}: 400`, async () => {
      const { status, body } = await ask(question);
      assert.equal(status, 400);
      assert.equal(body.key, undefined);
    });
  }

  const words: [string, object, string][] = [
    ['a hostname that is none', { server: 'server', hostname: 'night lamp' }, 'hostname'],
    ['a server that is not there', { server: 'gone', hostname: 'nightlamp' }, 'secret'],
    ['a server that is another node', { server: 'other', hostname: 'nightlamp' }, 'secret'],
    ['a server by the name of a property of every object', { server: '__proto__', hostname: 'nightlamp' }, 'secret'],
    [
      'a variable of the environment',
      { server: 'server', hostname: 'nightlamp', secret: `\${OTA_MASTER_SECRET}` },
      'secret',
    ],
    [
      'a variable of the environment, as old flows have it',
      { server: 'server', hostname: 'nightlamp', secret: '$(OTA_MASTER_SECRET)' },
      'secret',
    ],
  ];
  for (const [what, question, problem] of words) {
    it(`is not given for ${what}, and the dialog has words for it`, async () => {
      if ('server' in question && question.server === 'other')
        Object.assign(helper.getNode('other'), { credentials: { secret } });
      const { status, body } = await ask(question);
      assert.deepEqual([status, body], [200, { problem }]);
    });
  }
});

describe('A master secret that was typed', () => {
  const guessable = [
    'aaaaaaaaaaaaaaaa',
    'abababababababab',
    '1234567890123456',
    'abcdefghijklmnop',
    'password12345678',
    'MyNode-RED-2026!',
    'lamp42-lamp42-lamp42-',
  ];
  for (const secret of guessable) {
    it(`can be guessed: ${secret}`, () => assert.equal(secretWeakness(secret), 'guessable'));
  }
  it('is short below 16 bytes, however many characters that are', () => {
    assert.equal(secretWeakness('k3W!p0_zQ7#mX2s'), 'short');
    assert.equal(secretWeakness('k3W!p0_zQ7#mXäs'), undefined);
  });
  for (const secret of ['correct horse battery staple', 'mF0wq9Yd3Xn_b7Lk', 'd878bd7ed0532ac01ec9e6c943103dd0']) {
    it(`is good: ${secret}`, () => assert.equal(secretWeakness(secret), undefined));
  }
});
