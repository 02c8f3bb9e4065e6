import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

/** A script that runs in a process of its own. */
export interface Peer {
  readonly child: ChildProcess;
  /** What it said when it was ready. */
  readonly word: string;
  stop(): Promise<void>;
}

/**
 * Starts one. It ends when it is stopped, or when this process ends.
 * @param script of this folder, or a whole path
 * @throws Error where it ends before it is ready
 */
export async function startPeer(script: string, ...args: readonly string[]): Promise<Peer> {
  const child = fork(resolve(__dirname, script), args);
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
