import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A script of this folder that runs in a process of its own. */
export interface Peer {
  /** What it said when it was ready. */
  readonly word: string;
  stop(): Promise<void>;
}

/** Starts one. It ends when it is stopped, or when this process ends. */
export async function startPeer(script: 'broker.ts' | 'devices.ts', ...args: readonly string[]): Promise<Peer> {
  const child = fork(join(__dirname, script), args);
  const exited = once(child, 'exit');
  const failed = exited.then(([code]) => Promise.reject(new Error(`${script} ended with ${code}`)));
  const [word] = await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => undefined);
  return {
    word: String(word),
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
