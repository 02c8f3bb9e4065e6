import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { util } from '@node-red/util';
import type { Node, NodeAPI } from 'node-red';
import { SharedBytes } from '../../lib/push/shared-bytes';
import { readHaTopics } from '../../nodes/ota-ha-update/settings';
import { readRolloutSettings } from '../../nodes/ota-rollout/settings';
import { readServerSettings } from '../../nodes/ota-server/settings';
import { BadInput } from '../../nodes/shared/bad-input';
import { Input } from '../../nodes/shared/input';
import type { ReadyServer } from '../../nodes/shared/server-node';
import { haUpdateDefaults, pushDefaults, serverDefaults } from '../peers/test-flow';
import { definitionOf } from './definition';

type Verdicts = Record<string, boolean>;

/** The inputs of the open dialog, by their id. */
const inputs: Record<string, { value: string }> = {};
const push = definitionOf('ota-push', inputs);
const rollout = definitionOf('ota-rollout');
const haUpdate = definitionOf('ota-ha-update');
const server = definitionOf('ota-server');

/** Of text that is typed in: what is taken, and what is refused. */
const limits: Record<string, { taken: string[]; refused: string[] }> = {
  target: {
    taken: ['nightlamp', 'NIGHT-LAMP_2.b', 'lamp$', '~!@%&*()=', '{x}', 'a'.repeat(64)],
    refused: ['', 'a b', ' lamp', 'lamp ', 'lamp\n', 'x/y', '$SYS', 'a+b', 'a#', 'a|b', 'a\\b', 'lämp', 'a'.repeat(65)],
  },
  filename: {
    taken: ['main.py', 'lib/lamp.py', 'lib/tmp', 'tmp.py', ' main.py', 'tmp ', 'a b.py', '...', '$x', 'a'.repeat(200)],
    refused: [
      '',
      '/main.py',
      'lib/',
      'a//b.py',
      '../a',
      './a',
      'a/..',
      '.',
      'tmp',
      'a|b',
      'a\\b',
      'ä',
      'a'.repeat(201),
    ],
  },
  timeout: {
    taken: ['30', '0.5', '1e3', ' 5 ', '0x10', '86400', '.1'],
    refused: ['', ' ', '0', '-1', '86400.1', 'x', '5s', '1,5', 'NaN', 'Infinity'],
  },
  retries: {
    taken: ['0', '3', '100'],
    refused: ['', '-1', '101', '1.5', 'x'],
  },
  retryDelay: {
    taken: ['0', '5', '0.5', '86400'],
    refused: ['', '-1', '86401', 'x'],
  },
  verifyTimeout: {
    taken: ['180', '0.5', '86400'],
    refused: ['', '0', '-1', '86401', 'x'],
  },
  targets: {
    taken: ['', ' ', 'lamp', 'lamp-1, lamp-2', 'lamp-1,lamp-2\nlamp-3', ' lamp ', ',', 'lamp$', 'a'.repeat(64)],
    refused: ['a/b', 'lamp, #', 'lamp-1; lamp|2', '$SYS', 'lämp', 'a'.repeat(65)],
  },
  waves: {
    taken: ['', ' ', '100%', '1', '1, 10%, 100%', ' 5 ,2', '0.5%', '1.0', '10 %'],
    refused: ['0', '0%', '101%', '-1', '1.5', 'all', '1,,2', '1;2', ',', '%', '1e3'],
  },
  pause: {
    taken: ['0', '-1', '60', '0.5', '1814400', ' 5 '],
    refused: ['', ' ', '-2', '1814401', 'x', '5s'],
  },
  stopAfter: {
    taken: ['', '1', '20%', '100%', '3 '],
    refused: ['0', '0%', '101%', '-1', '1.5', '1, 2', 'x'],
  },
  baseTopic: {
    taken: ['', 'ota-push', 'house/ota', 'häuser', ' ota '],
    refused: ['+', 'a/#', 'a b', '/a', 'a/', 'a//b', '$SYS/a', 'a+b'],
  },
  advertise: {
    taken: [
      '',
      ' ',
      '192.168.4.2',
      'fe80::1',
      '::ffff:10.0.0.1',
      'lamps.local',
      'lamps.',
      'a_b',
      ' lamps ',
      '999.1.1.1',
    ],
    refused: ['http://lamps', 'lamps:80', '[::1]', '1.2.3.4:80', 'a b', 'a|b', '-a', 'a..b', '1::2::3', 'fe80::1%eth0'],
  },
  bind: {
    taken: ['', '0.0.0.0', '::', '192.168.4.2', '::1', 'fe80::1%eth0', '1:2:3:4:5:6:7::', ' 10.0.0.1 '],
    refused: ['eth0', 'localhost', '192.168.4', '192.168.4.256', '10.0.0.01', '10.0.0.1%eth0', '::1%', '::g', '1:2:3'],
  },
  ports: {
    taken: ['', '1', '1233', '65535', '40000-40100', '40000 - 40100', '5-5', '01233'],
    refused: ['0', '65536', '70000', '5-1', '0-5', '1-65536', '1-', '-5', '1,2', '1-2-3', '1.5', 'x', '000001'],
  },
  topic: {
    taken: ['', '{target}/OTA', '{target}', 'house/{target}/OTA', '/{target}', '$share/{target}'],
    refused: [
      'OTA',
      'x{target}/OTA',
      '{target}/{target}',
      '{target}/x{target}',
      '{target}/+',
      '#/{target}',
      '{Target}',
    ],
  },
  allow: {
    taken: ['', ',', '10.0.0.7', '192.168.4.0/24, 10.0.0.7', '10.0.0.0/8 fd00::/8', '::1', '0.0.0.0/0', '10.0.0.0/08'],
    refused: ['10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0.0/x', '10.0.0.0/8/8', 'lamps', '10.0.0', '::1%lo'],
  },
  concurrency: {
    taken: ['', '1', '100', '10000', '007', ' 5 '],
    refused: ['0', '10001', '-1', '1.5', '1e3', '0x10', 'x', '1 2'],
  },
  keep: {
    taken: ['', '0', '3', '20', '007', ' 5 '],
    refused: ['21', '-1', '1.5', '1e1', '0x10', 'x', '1 2'],
  },
};

describe('the limits of the dialogs', () => {
  for (const [property, { taken, refused }] of Object.entries(limits)) {
    it(`take and refuse the same as the server does: ${property}`, () => {
      const expected: Verdicts = {};
      for (const value of taken) expected[value] = true;
      for (const value of refused) expected[value] = false;
      assert.deepEqual(
        verdicts(Object.keys(expected), (value) => editorTakes(property, value)),
        expected,
      );
      assert.deepEqual(
        verdicts(Object.keys(expected), (value) => serverTakes(property, value)),
        expected,
      );
    });
  }

  it('agree with the server on every character that comes into a value', () => {
    for (const [property, { taken }] of Object.entries(limits)) {
      const values = Array.from({ length: 300 }, (_, code) => String.fromCharCode(code)).flatMap((character) =>
        taken.map((value) => `${value.slice(0, 2)}${character}${value.slice(2)}`),
      );
      assert.deepEqual(
        verdicts(values, (value) => editorTakes(property, value)),
        verdicts(values, (value) => serverTakes(property, value)),
        property,
      );
    }
  });

  // By the time that the server reads it, Node-RED has put the variable's value in.
  const typed = Object.keys(serverDefaults).filter((property) => property !== 'format');
  for (const property of ['target', 'timeout', ...typed]) {
    it(`take a variable of the environment as ${property}`, () => {
      assert.equal(editorTakes(property, `\${LAMP}`), true);
      assert.equal(serverTakes(property, `\${LAMP}`), false);
    });
  }

  it('take a number where flows hold one', () => {
    assert.equal(editorTakes('timeout', 30), true);
    assert.equal(editorTakes('concurrency', 100), true);
    assert.equal(editorTakes('concurrency', 0), false);
  });

  it('take the defaults of the dialogs', () => {
    const { format: _chosenFromAList, ...typed } = serverDefaults;
    const fixed: Record<string, string> = { timeout: pushDefaults.timeout, ...typed };
    for (const [property, value] of Object.entries(fixed)) assert.equal(editorTakes(property, value), true, property);
  });

  it('take the type of a value from the open dialog, but for its own node only', () => {
    inputs['ota-push-more'] = { value: '' };
    inputs['node-input-targetType'] = { value: 'str' };
    const edited = { ...node('target'), targetType: 'msg' };
    push.oneditprepare.call(edited);
    const validate = push.defaults.target?.validate;
    assert.match(String(validate?.call(edited, 'a b', {})), /^Device: 1 to 64/);
    assert.equal(validate?.call({ ...edited }, 'a b', {}), true);
  });
});

/** A node of the editor, whose types are those of text that is typed in. */
function node(property: string): object {
  return { [`${property}Type`]: property === 'timeout' ? 'num' : 'str', _: wordOf };
}

function wordOf(key: string): string {
  const [type, branch = '', name = ''] = key.replace('node-red-contrib-ota-push/ota-push:', '').split('.');
  const words = JSON.parse(readFileSync(resolve(__dirname, `../../nodes/${type}/locales/en-US/${type}.json`), 'utf8'));
  const word = words[type ?? '']?.[branch]?.[name];
  assert.equal(typeof word, 'string', `no word for ${key}`);
  return word;
}

function editorTakes(property: string, value: unknown): boolean {
  const validate = (
    push.defaults[property] ??
    rollout.defaults[property] ??
    haUpdate.defaults[property] ??
    server.defaults[property]
  )?.validate;
  const answer = validate?.call(node(property), value, {});
  // Else the editor shows no reason.
  assert.ok(answer === true || typeof answer === 'string');
  return answer === true;
}

function serverTakes(property: string, value: string): boolean {
  const settings = {
    ...pushDefaults,
    target: 'lamp',
    targetType: 'str',
    filename: 'main.py',
    filenameType: 'str',
    check: false,
  };
  try {
    if (property in serverDefaults) return Boolean(readServerSettings({ [property]: value }));
    if (property in haUpdateDefaults) return Boolean(readHaTopics({ [property]: value }));
    if (!(property in pushDefaults)) return Boolean(readRolloutSettings({ [property]: value }));
    const input = new Input({ util, nodes: { eachNode: () => undefined } } as unknown as NodeAPI, {} as Node, {
      ...settings,
      [property]: value,
    });
    const ready = {
      signing: { format: 'basic', secret: '' },
      checker: { knows: () => true, check: () => undefined, fullnessFor: () => undefined },
      sharedBytes: new SharedBytes(),
    };
    return Array.isArray(
      input.readPush({ _msgid: '1', payload: Buffer.from('file') }, ready as unknown as ReadyServer),
    );
  } catch (error) {
    assert.ok(property in serverDefaults || error instanceof BadInput);
    return false;
  }
}

function verdicts(values: readonly string[], takes: (value: string) => boolean): Verdicts {
  return Object.fromEntries(values.map((value) => [value, takes(value)]));
}
