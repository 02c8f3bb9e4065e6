import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BytesFolder } from '../../lib/bytes-folder';
import { hashOf } from '../../lib/protocol/announcement';
import { resourcesOfEachTest } from '../peers/resources';
import { temporaryFolder } from '../peers/temporary-folder';

describe('A folder of bytes', () => {
  const resources = resourcesOfEachTest();

  const bytes = Buffer.from('password = "secret"');
  const sha256 = hashOf(bytes, 'sha256');
  let folder: string;

  beforeEach(async () => {
    folder = join(await temporaryFolder(resources, 'bytes'), 'deep', 'files');
  });

  it('is readable by its owner only, also where it was there before', async () => {
    const modes = async () => {
      const all = [folder, join(folder, `${sha256}.bin`)].map(async (path) => (await stat(path)).mode & 0o777);
      return Promise.all(all);
    };
    await new BytesFolder(folder).write(sha256, bytes);
    assert.deepEqual(await modes(), [0o700, 0o600]);
    await chmod(folder, 0o755);
    await new BytesFolder(folder).write(sha256, bytes);
    assert.deepEqual(await modes(), [0o700, 0o600]);
  });

  it('gives the bytes back, unless they are gone or are others', async () => {
    const files = new BytesFolder(folder);
    await files.write(sha256, bytes);
    assert.deepEqual(await files.read(sha256), bytes);
    await writeFile(join(folder, `${sha256}.bin`), 'others');
    await assert.rejects(files.read(sha256), /damaged/);
    await files.keepOnly(new Set());
    await assert.rejects(files.read(sha256), /ENOENT/);
  });

  it('goes as a whole, but for what others have put there', async () => {
    const files = new BytesFolder(folder);
    await files.remove();
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'theirs'), '');
    await files.write(sha256, bytes);
    await files.remove();
    assert.deepEqual(await readdir(folder), ['theirs']);
  });
});
