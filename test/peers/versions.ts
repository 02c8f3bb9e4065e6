import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { peersFolder } from './find-program';

/** The npm package that is a Node.js for this machine. */
const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

/** Versions of Node.js and npm besides the one that runs the tests: folders of `.peers`, with what is installed in each. */
export const versionFolders: Readonly<Record<string, readonly string[]>> = {
  'node-18.5': [`${nodePackage}@18.5.0`, 'node-red@3.1'],
  'node-18': [`${nodePackage}@18`, 'node-red@4'],
  'node-24': [`${nodePackage}@24`, 'node-red@5'],
  'npm-9': ['npm@9'],
  'npm-10': ['npm@10'],
  'npm-11': ['npm@11'],
};

/** A Node.js, and the program of a Node-RED for it. */
export interface Runtime {
  readonly node: string;
  readonly program: string;
}

/** The Node.js and the Node-RED of a folder of versions. */
export function runtimeIn(folder: string): Runtime {
  const modules = join(peersFolder, folder, 'node_modules');
  return { node: join(modules, nodePackage, 'bin/node'), program: join(modules, 'node-red/red.js') };
}

/** The file of the MQTT nodes in the Node-RED of a folder of versions. */
export function mqttNodesIn(folder: string): string {
  return join(peersFolder, folder, 'node_modules/@node-red/nodes/core/network/10-mqtt.js');
}

/** The program of an npm: of its major version 9, 10 or 11. */
export function npmOf(major: number): string {
  return join(peersFolder, `npm-${major}`, 'node_modules/npm/bin/npm-cli.js');
}

/** Tells that a folder of versions is whole, and what was installed into it. */
export function markOf(folder: string): string {
  return join(peersFolder, folder, '.installed');
}

/** Whether a folder of versions has all that belongs there today. */
export function isInstalled(folder: string): boolean {
  const mark = markOf(folder);
  return existsSync(mark) && readFileSync(mark, 'utf8') === versionFolders[folder]?.join(' ');
}
