import { spawn } from 'node:child_process';

const hasGroups = process.platform !== 'win32';

/**
 * Runs a module of Node.js at the head of a process group of its own: a Ctrl-C in the terminal does not reach it, and
 * what it starts can be ended with it.
 *
 * @param {readonly string[]} command what stands behind `node`
 * @param {import('node:child_process').SpawnOptions} options
 */
export function spawnGroup(command, options) {
  return spawn(process.execPath, command, { ...options, detached: hasGroups, windowsHide: true });
}

/**
 * Ends at once whatever is left of a group, its head included.
 *
 * @param {import('node:child_process').ChildProcess} head
 */
export function killGroup(head) {
  if (!hasGroups || head.pid === undefined) {
    head.kill('SIGKILL');
    return;
  }
  try {
    process.kill(-head.pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: none is left. macOS says EPERM where those that are left have ended and nobody has asked how.
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error;
  }
}
