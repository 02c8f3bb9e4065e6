import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(__dirname, '../..');

/** A new user directory of Node-RED with the package in it as users get it: packed, with what it runs on only. */
export async function installPacked(): Promise<string> {
  const userDir = await mkdtemp(join(tmpdir(), 'ota-push-package-'));
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', userDir], {
    cwd: root,
  });
  const packed = JSON.parse(stdout) as { filename: string }[] | Record<string, { filename: string }>;
  const [tarball] = Object.values(packed).map(({ filename }) => filename);
  await writeFile(join(userDir, 'package.json'), '{"name": "user-directory", "private": true}');
  await run('npm', ['install', '--omit=dev', '--no-audit', '--no-fund', join(userDir, tarball ?? '')], {
    cwd: userDir,
  });
  return userDir;
}
