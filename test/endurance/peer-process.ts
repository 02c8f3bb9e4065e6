import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Resources } from '../peers/resources';
import { runProgram } from '../peers/run-program';

/** A script of this folder, or the benchmark's, that runs in a process of its own. */
export interface PeerProcess {
  readonly child: ChildProcess;
  /** What it said when it was ready. */
  readonly word: string;
  stop(): Promise<void>;
}

/** Starts one. It ends when it is stopped, or when this process ends. @throws Error where it ends before it is ready */
export async function startPeerProcess(script: string, ...args: readonly string[]): Promise<PeerProcess> {
  const child = fork(join(__dirname, script), args);
  const exited = once(child, 'exit');
  const failed = exited.then(([code]) => Promise.reject(new Error(`${script} ended with ${code}`)));
  const [word] = await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => undefined);
  return {
    child,
    word: String(word),
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

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
