import assert from 'node:assert/strict';
import { deviceKey, signatureOf } from '../../../lib/protocol/signature';
import type { Broker, InboundMessage } from '../../../lib/push/services';
import { DeviceReports } from '../../../lib/server/device-reports';

const secret = 'correct horse battery staple';

/** A report of the lamp, signed with this device's key; undefined: unsigned. */
function payload(state: string, counter: number, signer?: string): Buffer {
  const text = JSON.stringify({ state, file: 'main.py', hash: 'x', error: null, counter }).slice(0, -1);
  if (signer === undefined) return Buffer.from(`${text}}`);
  return Buffer.from(`${text}, "mac": "${signatureOf(text, deviceKey(secret, signer))}"}`);
}

describe('What a server believes of what devices report', () => {
  let say: (payload: Buffer, topic?: string) => void;

  function start(format: 'basic' | 'signed'): { reports: DeviceReports; watched: string[] } {
    const broker = {
      listen: (_topic: string, onMessage: (message: InboundMessage) => void) => {
        say = (payload, topic = 'lamp/OTA/status') =>
          onMessage({ topic, payload, isRetainedReplay: false, maybeStale: false });
        return () => undefined;
      },
    } as unknown as Broker;
    const reports = new DeviceReports(broker, '{target}/OTA', { format, secret });
    const watched: string[] = [];
    reports.watch((target, { state }) => watched.push(`${target} ${state}`));
    return { reports, watched };
  }

  it('is everything in the basic form, and which of it was signed is known', () => {
    const { reports, watched } = start('basic');
    say(payload('installed', 5, 'lamp'));
    say(payload('running', 5));
    assert.deepEqual(watched, ['lamp installed', 'lamp running']);
    assert.equal(reports.lastOf('lamp', 'any')?.state, 'running');
    assert.equal(reports.lastOf('lamp', 'signed')?.state, 'installed');
  });

  it("is in the signed form what is signed with the device's own key, and not older than what was", () => {
    const { reports, watched } = start('signed');
    const forged: Record<string, Buffer> = {
      unsigned: payload('running', 9),
      "another device's": payload('running', 9, 'fan'),
      'cut off': payload('running', 9, 'lamp').subarray(0, -2),
      'changed after it was signed': Buffer.from(
        payload('running', 9, 'lamp').toString().replace('main.py', 'boot.py'),
      ),
      'with something behind the signature': Buffer.concat([payload('running', 9, 'lamp'), Buffer.from(' ')]),
    };
    say(payload('installed', 5, 'lamp'));
    for (const bytes of Object.values(forged)) say(bytes);
    say(payload('rolled_back', 5, 'lamp'));
    say(payload('running', 4, 'lamp'));
    assert.deepEqual(watched, ['lamp installed', 'lamp rolled_back']);
    assert.equal(reports.lastOf('lamp', 'signed')?.state, 'rolled_back');
    assert.equal(reports.lastOf('lamp', 'any')?.state, 'running');
  });

  it('is in a push also the report of a board whose counter was started over: it answers that very announcement', () => {
    const { reports, watched } = start('signed');
    const heard: string[] = [];
    reports.listen('lamp', ({ state }, isSigned) => heard.push(`${state} ${isSigned}`));
    say(payload('running', 9, 'lamp'));
    say(payload('installed', 5, 'lamp'));
    say(payload('running', 5));
    assert.deepEqual(heard, ['running true', 'installed true', 'running false']);
    assert.deepEqual(watched, ['lamp running'], 'others believe no older one');
  });
});
