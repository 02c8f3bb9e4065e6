import assert from 'node:assert/strict';
import { mkdir, readdir, rename, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Release, releaseFile, withRelease } from '../../../lib/home-assistant/release';
import { ReleaseStore } from '../../../lib/home-assistant/store';
import { resourcesOfEachTest } from '../../peers/resources';
import { temporaryFolder } from '../../peers/temporary-folder';

describe('The store of releases', () => {
  const resources = resourcesOfEachTest();

  let folder: string;
  let store: ReleaseStore;

  beforeEach(async () => {
    folder = await temporaryFolder(resources, 'releases');
    store = new ReleaseStore(folder);
  });

  const bytesOf = (text: string) => Buffer.from(text);
  const release = (text: string): Release => ({
    version: text,
    files: [releaseFile('main.py', bytesOf(text))],
    isSet: false,
  });
  const save = async (texts: Record<string, string>) => {
    const bytes = new Map(Object.values(texts).map((text) => [releaseFile('', bytesOf(text)).sha256, bytesOf(text)]));
    await store.keep(bytes);
    store.release(bytes);
    const records = Object.entries(texts).map(
      ([target, text]) => [target, withRelease(undefined, release(text))] as const,
    );
    await store.save(() => new Map(records));
  };
  const kept = async () => (await readdir(folder)).filter((name) => name.endsWith('.bin')).length;

  it('is empty where nothing was saved', async () => {
    assert.equal((await new ReleaseStore(join(folder, 'none')).load()).size, 0);
  });

  it('knows again what was saved, bytes included, whatever the hostname', async () => {
    await save({ lamp: 'a', ['__proto__']: 'b', 'lamp.b': 'a' });
    const again = new ReleaseStore(folder);
    const records = await again.load();
    assert.deepEqual(new Set(records.keys()), new Set(['lamp', '__proto__', 'lamp.b']));
    const [file] = records.get('lamp')?.release.files ?? [];
    assert.deepEqual(file && (await again.bytesOf(file)), bytesOf('a'));
  });

  it('keeps the bytes of a file once, and no longer than a device needs them', async () => {
    await save({ one: 'a', two: 'a', three: 'b' });
    assert.equal(await kept(), 2);
    await save({ one: 'c', two: 'a' });
    assert.equal(await kept(), 2);
    await save({});
    assert.equal(await kept(), 0);
  });

  it('keeps bytes that are not saved yet, whatever others save meanwhile', async () => {
    const bytes = new Map([[releaseFile('', bytesOf('b')).sha256, bytesOf('b')]]);
    await store.keep(bytes);
    await save({ lamp: 'a' });
    assert.equal(await kept(), 2);
  });

  for (const damaged of ['{"lamp": ', '']) {
    it(`puts ${JSON.stringify(damaged)} aside, says so, and keeps all bytes`, async () => {
      await save({ lamp: 'a' });
      await writeFile(join(folder, 'devices.json'), damaged);
      store = new ReleaseStore(folder);
      await assert.rejects(store.load(), /put aside: .*devices\.json\.damaged/);
      await save({ other: 'b' });
      assert.equal(await kept(), 2);
      assert.ok((await readdir(folder)).includes('devices.json.damaged'));
    });
  }

  it('writes nothing over what it cannot read for a while, as without a descriptor', async () => {
    await save({ lamp: 'a' });
    const records = join(folder, 'devices.json');
    await rename(records, join(folder, 'there'));
    await mkdir(records); // reading it fails
    store = new ReleaseStore(folder);
    await assert.rejects(store.load(), /can't be read \(EISDIR.*nothing is written over it: deploy again/);
    await assert.rejects(save({ other: 'b' }), /deploy again when it can be/);
    await rmdir(records);
    await rename(join(folder, 'there'), records);
    await assert.rejects(save({ other: 'b' }), /deploy again when it can be/);
    assert.equal(await kept(), 1);
    assert.deepEqual([...(await new ReleaseStore(folder).load()).keys()], ['lamp']);
  });

  for (const strange of [
    '{"lamp": null}',
    '{"lamp": {}}',
    '"abc"',
    '[1]',
    '{"lamp": {"release": {"version": "1", "files": []}}}',
  ]) {
    it(`makes nothing of ${strange}`, async () => {
      await writeFile(join(folder, 'devices.json'), strange);
      assert.equal((await store.load()).size, 0);
    });
  }

  it('removes what a process that was killed has left of its writes, and nothing that others have put there', async () => {
    await save({ lamp: 'a' });
    const before = await readdir(folder);
    for (const name of ['devices.json.tmp', `${'0'.repeat(64)}.bin.tmp`, 'mine.tmp']) {
      await writeFile(join(folder, name), 'half');
    }
    assert.deepEqual([...(await new ReleaseStore(folder).load()).keys()], ['lamp']);
    assert.deepEqual(new Set(await readdir(folder)), new Set([...before, 'mine.tmp']));
  });

  it('writes once what comes while it is writing', async () => {
    let asked = 0;
    const saves = Array.from({ length: 100 }, () =>
      store.save(() => {
        asked += 1;
        return new Map();
      }),
    );
    await Promise.all(saves);
    assert.ok(asked <= 2, `it wrote ${asked} times`);
  });

  it('goes away whole, keeps nothing after that, and leaves what others have put there', async () => {
    await save({ lamp: 'a' });
    await store.remove();
    await save({ lamp: 'b' });
    await assert.rejects(readdir(folder), { code: 'ENOENT' });
    await store.remove();
    await mkdir(folder);
    await writeFile(join(folder, 'mine.txt'), '');
    await writeFile(join(folder, 'devices.json'), '{}');
    await store.remove();
    assert.deepEqual(await readdir(folder), ['mine.txt']);
  });

  it('gives no bytes that are others than those that were kept', async () => {
    await save({ lamp: 'a' });
    const file = releaseFile('main.py', bytesOf('a'));
    await writeFile(join(folder, `${file.sha256}.bin`), 'b');
    await assert.rejects(store.bytesOf(file), /damaged/);
  });
});
