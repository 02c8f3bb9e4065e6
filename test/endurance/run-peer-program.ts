import { join } from 'node:path';
import type { Resources } from '../peers/resources';
import { runProgram } from '../peers/run-program';

/** Runs a script of this folder to its end, or to that of the resources. @returns what it printed last */
export async function runPeerProgram(
  resources: Resources,
  script: string,
  ...args: readonly string[]
): Promise<string> {
  const program = ['--require', 'tsx/cjs', join(__dirname, script), ...args];
  const stdout = await runProgram(resources, process.execPath, program, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim().split('\n').at(-1) ?? '';
}
