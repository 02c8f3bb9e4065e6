import { join } from 'node:path';
import { ownNamespaces } from '../peers/namespaces';
import { peers } from '../peers/peers';
import type { Resources } from '../peers/resources';
import { runProgram } from '../peers/run-program';

/**
 * Runs a script of this folder to its end, or to that of the resources. Where this machine can, it has a loopback of its own: a device
 * that comes when its push is over must not meet the port of another program.
 * @returns what it printed last
 */
export async function runPeerProgram(
  resources: Resources,
  script: string,
  ...args: readonly string[]
): Promise<string> {
  const program = [process.execPath, '--require', 'tsx/cjs', join(__dirname, script), ...args];
  const alone = [
    'unshare',
    ...ownNamespaces(['net'], ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...program]),
  ];
  const [command = '', ...rest] = peers.namespaces.isThere() ? alone : program;
  const stdout = await runProgram(resources, command, rest, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim().split('\n').at(-1) ?? '';
}
