import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Resources } from './resources';
import { root } from './root';
import { runProgram } from './run-program';
import { temporaryFolder } from './temporary-folder';

/** A new user directory of Node-RED with the package in it as users get it: packed, with what it runs on only. */
export async function installPacked(resources: Resources): Promise<string> {
  const userDir = await temporaryFolder(resources, 'ota-push-package');
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', userDir];
  const packed: { filename: string }[] | Record<string, { filename: string }> = JSON.parse(
    await runProgram(resources, 'npm', pack, { cwd: root }),
  );
  const [tarball] = Object.values(packed).map(({ filename }) => filename);
  await writeFile(join(userDir, 'package.json'), '{"name": "user-directory", "private": true}');
  const install = ['install', '--omit=dev', '--no-audit', '--no-fund', join(userDir, tarball ?? '')];
  await runProgram(resources, 'npm', install, { cwd: userDir });
  return userDir;
}
