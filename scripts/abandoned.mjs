import { readFileSync } from 'node:fs';

const INTERVAL_MS = 200;

/**
 * Calls back when npm, which has started this process, has ended without passing a signal on: killed, or by a signal
 * that ended only the shell which stands between the two. Started otherwise, a process may outlive its parent.
 *
 * @param {() => void} callback may be called again
 */
export function whenAbandoned(callback) {
  if (process.env.npm_lifecycle_script === undefined) return;
  const parents = parentsUpToNpm();
  const look = () => {
    if (parentsUpToNpm() !== parents) callback();
  };
  setInterval(look, INTERVAL_MS).unref();
}

/** The process ids of this process's parent and, where that is the script's shell, of the shell's parent. */
function parentsUpToNpm() {
  const parent = process.ppid;
  if (!fileOf(parent, 'cmdline').includes(process.env.npm_lifecycle_script)) return `${parent}`;
  const grandparent = /^PPid:\s*(\d+)/m.exec(fileOf(parent, 'status'))?.[1];
  return `${parent} ${grandparent}`;
}

/**
 * What Linux tells of a process. Elsewhere, and of one that is no more: nothing.
 *
 * @param {number} pid
 * @param {string} name
 */
function fileOf(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
