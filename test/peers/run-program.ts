import { type ExecFileOptionsWithStringEncoding, execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Resources } from './resources';

/** Runs a program to its end, or to that of the resources. @returns what it printed @throws Error with its complaints, where it fails */
export async function runProgram(
  resources: Resources,
  program: string,
  args: readonly string[],
  options: Partial<ExecFileOptionsWithStringEncoding> = {},
): Promise<string> {
  const running = promisify(execFile)(program, args, { ...options, encoding: 'utf8' });
  resources.defer(async () => {
    running.child.kill('SIGKILL');
    await running.catch(() => undefined); // its test has had the error
  });
  return (await running).stdout;
}
