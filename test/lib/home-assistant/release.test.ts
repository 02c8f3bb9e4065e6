import assert from 'node:assert/strict';
import { discoveryOf } from '../../../lib/home-assistant/discovery';
import {
  bytesOfRecord,
  type EntityRecord,
  type Release,
  releaseFile,
  versionOf,
  versionWith,
  withRelease,
} from '../../../lib/home-assistant/release';
import { discoveryTopic, targetOf, targetOfDiscovery } from '../../../lib/home-assistant/topics';
import { hashOf } from '../../../lib/protocol/announcement';

const topics = { prefix: 'homeassistant', base: 'ota-push' };

function release(version: string, ...contents: string[]): Release {
  const files = contents.map((text, index) =>
    releaseFile(index === contents.length - 1 ? 'main.py' : `${index}.py`, Buffer.from(text)),
  );
  return { version, files, isSet: contents.length > 1 };
}

const sha1 = (text: string) => hashOf(Buffer.from(text), 'sha1');
const sha256 = (text: string) => hashOf(Buffer.from(text), 'sha256');

describe('What Home Assistant is told of a device', () => {
  it('has topics and an id that no other hostname has', () => {
    const hostnames = ['lamp.b', 'lamp_b', 'lamp-b', 'lampb', 'LAMPB', 'lamp_2eb', 'lamp:b', 'läm'];
    const ids = new Set(hostnames.map((target) => discoveryTopic(topics, target)));
    assert.equal(ids.size, hostnames.length);
    for (const topic of ids) assert.match(topic, /^homeassistant\/update\/[A-Za-z0-9_-]+\/config$/);
    assert.deepEqual(
      [...ids].map((topic) => targetOfDiscovery(topics, topic)),
      hostnames,
    );
  });

  it('is told apart by the base topic', () => {
    assert.notEqual(discoveryTopic(topics, 'lamp'), discoveryTopic({ ...topics, base: 'ota_push' }, 'lamp'));
    assert.equal(targetOf({ ...topics, base: 'my/house' }, 'my/house/update/lamp.b/install'), 'lamp.b');
    assert.equal(targetOfDiscovery({ ...topics, base: 'ota_push' }, discoveryTopic(topics, 'lamp')), undefined);
    for (const others of ['a/update/zigbee/config', 'config', ''])
      assert.equal(targetOfDiscovery(topics, others), undefined);
  });

  it('leaves out what a release does not have, and never says null', () => {
    const bare = discoveryOf(topics, 'lamp', release('1', 'a')) as Record<string, unknown>;
    for (const [key, value] of Object.entries(bare)) assert.ok(value !== null && value !== undefined, key);
    assert.ok(!('title' in bare) && !('release_url' in bare) && !('release_summary' in bare));
    assert.equal(bare.payload_install, 'install');
    assert.equal(bare.retain, false);
    const full = { ...release('1', 'a'), title: 'Lamp', summary: 'Brighter', url: 'https://example.com' };
    const { title, release_summary, release_url } = discoveryOf(topics, 'lamp', full) as Record<string, unknown>;
    assert.deepEqual([title, release_summary, release_url], ['Lamp', 'Brighter', 'https://example.com']);
  });
});

describe('The version of a release', () => {
  it('is # and the beginning of its SHA-1 where it was given none', () => {
    assert.equal(versionOf(release('', 'a').files), `#${sha1('a').slice(0, 8)}`);
  });

  it('of a set is that of the SHA-1s of its files, joined', () => {
    assert.equal(versionOf(release('', 'a', 'b').files), `#${sha1(sha1('a') + sha1('b')).slice(0, 8)}`);
  });
});

describe('The version of a file that a device has', () => {
  const offered = (...releases: Release[]) =>
    releases.reduce<EntityRecord | undefined>((record, one) => withRelease(record, one), undefined) as EntityRecord;

  it('is that of the release with its SHA-1 or SHA-256, newest or older', () => {
    const record = offered(release('1', 'a'), release('2', 'b'));
    assert.equal(versionWith(record, sha1('a')), '1');
    assert.equal(versionWith(record, sha256('b')), '2');
  });

  it('is # and 8 digits for a file that no release had', () => {
    assert.equal(versionWith(offered(release('1', 'a')), sha1('other')), `#${sha1('other').slice(0, 8)}`);
  });

  it('of a set is told by its last file', () => {
    assert.equal(versionWith(offered(release('1', 'lib', 'main')), sha1('main')), '1');
  });

  it('is the newer one when the bytes are the same', () => {
    assert.equal(versionWith(offered(release('1', 'a'), release('1.0.1', 'a')), sha1('a')), '1.0.1');
  });

  it('is counted with what is remembered of a device, like all other texts', () => {
    const versions = Array.from({ length: 20 }, (_, at) => release(`${at}`.padEnd(100, 'v'), `${at}`));
    const record = offered(...versions);
    assert.ok(bytesOfRecord(record) >= JSON.stringify(record).length);
  });
});
