import assert from 'node:assert/strict';
import { type DeviceFilter, isAskedFor } from '../../../lib/devices/device-filter';
import { type DeviceRecord, emptyRecord, type FileRecord } from '../../../lib/devices/record';

const [sha1, sha256] = ['a'.repeat(40), 'b'.repeat(64)];
const file: FileRecord = {
  filename: 'main.py',
  hash: sha1,
  verified: 'installed',
  before: null,
  by: 'push',
  since: 1,
  kept: [{ hash: sha1, sha256, at: 1 }],
};
const lamp: DeviceRecord = { ...emptyRecord('lamp'), files: [file] };

const isOutdated = (record: DeviceRecord, ...hashes: string[]) =>
  isAskedFor(record, { outdated: { filename: 'main.py', hashes } });

describe('The devices that are asked for', () => {
  it('are all, the one with a hostname, or those that fail, or all of that at once', () => {
    const failing = { ...lamp, failures: { count: 1, since: 1 } };
    const asked: [DeviceRecord, DeviceFilter, boolean][] = [
      [lamp, {}, true],
      [lamp, { target: 'lamp' }, true],
      [lamp, { target: 'LAMP' }, false],
      [lamp, { failed: true }, false],
      [failing, { failed: true }, true],
      [failing, { failed: true, target: 'clock' }, false],
    ];
    for (const [record, filter, is] of asked) assert.equal(isAskedFor(record, filter), is, JSON.stringify(filter));
  });

  it('are those that do not have a file, whichever of its hashes it is named by', () => {
    assert.equal(isOutdated(lamp, sha1), false);
    assert.equal(isOutdated(lamp, sha1.slice(0, 8)), false);
    assert.equal(isOutdated(lamp, sha256), false, 'though the basic form announces the other one');
    assert.equal(isOutdated(lamp, 'c'.repeat(40), sha256), false);
    assert.equal(isOutdated(lamp, 'c'.repeat(40)), true);
    assert.equal(isAskedFor(lamp, { outdated: { filename: 'boot.py', hashes: [sha1] } }), true);
  });

  it('are also those that may have it, and of which nobody knows', () => {
    assert.equal(isOutdated({ ...lamp, files: [{ ...file, verified: null }] }, sha1), true);
    assert.equal(isOutdated({ ...lamp, files: [{ ...file, hash: null, verified: null }] }, sha1), true);
    assert.equal(isOutdated(emptyRecord('lamp'), sha1), true);
  });
});
