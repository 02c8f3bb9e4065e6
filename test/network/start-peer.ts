import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Resources } from '../peers/resources';

/** Starts peer-here.ts in another namespace. @returns the first line that it prints */
export async function startPeerIn(
  resources: Resources,
  namespace: string,
  ...args: readonly string[]
): Promise<string> {
  const program = [process.execPath, '--require', 'tsx/cjs', join(__dirname, 'peer-here.ts'), ...args];
  const child = spawn('ip', ['netns', 'exec', namespace, ...program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  resources.defer(() => {
    child.stdin.end();
    return exited;
  });
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error(`${args.join(' ')} ended in ${namespace}`);
}
