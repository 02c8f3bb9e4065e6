import assert from 'node:assert/strict';
import type { HaSettings } from '../../nodes/ota-ha-update/settings';
import type { RolloutSettings } from '../../nodes/ota-rollout/settings';
import type { ServerSettings } from '../../nodes/ota-server/settings';
import type { InputSettings } from '../../nodes/shared/input';
import { devicesDefaults, haUpdateDefaults, pushDefaults, rolloutDefaults, serverDefaults } from '../peers/test-flow';
import { definitionOf } from './definition';

describe('the defaults of the dialogs', () => {
  // The compiler keeps these lists: no property that the server reads is missing, and none that it does not is there.
  const ofPush = {
    name: '',
    server: '',
    target: 'target',
    targetType: 'msg',
    file: 'payload',
    fileType: 'msg',
    filename: 'filename',
    filenameType: 'msg',
    reboot: 'true',
    rebootType: 'bool',
    timeout: '30',
    timeoutType: 'num',
    check: true,
    skipUnchanged: false,
    announceOn: '',
    waitHours: '24',
    retries: '0',
    retryDelay: '5',
    verify: 'auto',
    verifyTimeout: '300',
    onlineTopic: '',
    onlinePayload: '',
    format: 'server',
    progress: false,
    outputs: 2,
  } satisfies Record<Exclude<keyof InputSettings, 'check'> | 'name' | 'server', string> & {
    check: boolean;
    skipUnchanged: boolean;
    progress: boolean;
    outputs: number;
  };
  const { target: _target, targetType: _type, announceOn: _topic, waitHours: _hours, ...ofBoth } = ofPush;
  const ofRollout = { ...ofBoth, targets: '', waves: '100%', pause: '0', stopAfter: '' } satisfies Record<
    keyof RolloutSettings,
    string
  >;
  const ofDevices = { name: '', server: '', watch: false, outputs: 1 };
  const ofHaUpdate = {
    name: '',
    server: '',
    prefix: 'homeassistant',
    baseTopic: 'ota-push',
    check: true,
  } satisfies Record<keyof HaSettings, string> & Record<string, unknown>;
  const ofServer = {
    name: '',
    broker: '',
    advertise: '',
    bind: '',
    ports: '',
    topic: '{target}/OTA',
    allow: '',
    concurrency: '100',
    keep: '3',
    format: 'basic',
  } satisfies Record<keyof ServerSettings | 'name', string>;

  it('are there for each property that the server reads, and for no other', () => {
    assert.deepEqual(valuesOf('ota-push'), ofPush);
    assert.deepEqual(valuesOf('ota-rollout'), ofRollout);
    assert.deepEqual(valuesOf('ota-devices'), ofDevices);
    assert.deepEqual(valuesOf('ota-ha-update'), ofHaUpdate);
    assert.deepEqual(valuesOf('ota-server'), ofServer);
  });

  it('are those that the tests of the nodes start from', () => {
    assert.deepEqual({ name: '', server: '', ...pushDefaults }, ofPush);
    assert.deepEqual({ name: '', server: '', ...rolloutDefaults }, ofRollout);
    assert.deepEqual({ name: '', server: '', ...devicesDefaults }, ofDevices);
    assert.deepEqual({ name: '', server: '', ...haUpdateDefaults }, ofHaUpdate);
    assert.deepEqual({ name: '', broker: '', ...serverDefaults }, ofServer);
  });
});

function valuesOf(type: string): Record<string, unknown> {
  const { defaults } = definitionOf(type);
  return Object.fromEntries(Object.entries(defaults).map(([property, { value }]) => [property, value]));
}
