import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ownNamespaces } from '../peers/namespaces';
import type { Resources } from '../peers/resources';
import { runProgram } from '../peers/run-program';
import type { Scene, Seen } from './push-here';

/** What Podman leaves in a container, also where that has the host's network. */
export const containerFile = ': > /run/.containerenv';

/** Pushes on a host of its own, see `runOn`. */
export async function pushOn(
  resources: Resources,
  networks: readonly string[],
  scene: Scene,
  env: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  return (await runOn(resources, networks, ['push-here.ts', scene], env)) as Seen;
}

/**
 * Runs a program of this folder on a host of its own: namespaces in which these lines of shell have built its networks, with what
 * networks.sh offers. What is mounted there is seen by nobody else.
 * @param program its file, and what it is told as JSON
 * @returns the last line that it prints, which is JSON
 */
export async function runOn(
  resources: Resources,
  networks: readonly string[],
  [file, told]: readonly [file: string, told: object],
  env: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const script = [
    `. ${join(__dirname, 'networks.sh')}`,
    `${['begin_host', ...networks].join(' && ')} || exit 9`,
    'exec "$@"',
  ].join('\n');
  const program = [process.execPath, '--require', 'tsx/cjs', join(__dirname, file), JSON.stringify(told)];
  const stdout = await runProgram(
    resources,
    'unshare',
    ownNamespaces(['net', 'mount'], ['sh', '-c', script, 'sh', ...program]),
    { env: { ...process.env, ...env } },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** Two pushes there announce this host, to a device that gets the file, and nobody is warned. */
export async function assertReached(
  resources: Resources,
  host: string,
  networks: readonly string[],
  scene: Scene,
): Promise<void> {
  const { payloads, hosts, warnings } = await pushOn(resources, networks, scene);
  const expected = { payloads: ['success', 'success'], hosts: [host, host], warnings: [] };
  assert.deepEqual({ payloads, hosts, warnings }, expected);
}
