import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Stage } from '../peers/stage';
import { temporaryFolder } from '../peers/temporary-folder';

const message = { payload: 'print()\n', target: 'nightlamp', filename: 'main.py' };

describe('What an OTA server knows of devices, where the disk', () => {
  const stage = new Stage();
  let userDir: string;

  beforeEach(async () => {
    userDir = await temporaryFolder(stage.resources, 'book-disk');
    await stage.startDevice('nightlamp');
  });

  const start = () => stage.startFlow({ userDir });
  const push = async () => assert.equal((await stage.flow.push({ ...message })).payload, 'success');

  it('does not take it, is told in a warning, pushes go on, and it is written once the disk takes it', async () => {
    const folder = join(userDir, 'ota-push');
    await writeFile(folder, 'a file where a folder is expected');
    await start();
    await push();
    await stage.flow.untilWarned('ota-server.warnings.book-unwritten');
    await push();
    await rm(folder);
    await stage.flow.stop();
    assert.match(await readFile(join(folder, 'devices-server.jsonl'), 'utf8'), /"target":"nightlamp"/);
  });

  it('has it damaged, is told in a warning, and pushes go on', async () => {
    await start();
    await push();
    await stage.flow.stop();
    const path = join(userDir, 'ota-push', 'devices-server.jsonl');
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, -10));
    await start();
    await stage.flow.untilWarned('ota-server.warnings.book-damaged');
    await push();
  });
});
