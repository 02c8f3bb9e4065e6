import { mkdir, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Gives a user directory of Node-RED this package, as built here. @returns the folder of the packages in it, which is new */
export async function linkPackage(userDir: string): Promise<string> {
  const modules = join(userDir, 'node_modules');
  await mkdir(modules);
  await symlink(resolve(__dirname, '..'), join(modules, 'node-red-contrib-ota-push'), 'junction');
  return modules;
}
