import { readdir } from 'node:fs/promises';
import { present, prlimit } from '../peers/peers';
import type { Resources } from '../peers/resources';
import { runProgram } from '../peers/run-program';

/** More than Node-RED needs. */
const plenty = 4096;

/** Lets a process open so many files and connections more: the system gives it the lowest free numbers below the limit. */
export async function leaveDescriptors(resources: Resources, pid: number, free: number): Promise<void> {
  const open = new Set((await readdir(`/proc/${pid}/fd`)).map(Number));
  let limit = 0;
  for (let left = free; left > 0 || open.has(limit); limit += 1) if (!open.has(limit)) left -= 1;
  await setLimit(resources, pid, limit);
}

/** Lets it open as many as it needs again. */
export function giveDescriptorsBack(resources: Resources, pid: number): Promise<void> {
  return setLimit(resources, pid, plenty);
}

async function setLimit(resources: Resources, pid: number, limit: number): Promise<void> {
  await runProgram(resources, present(prlimit(), 'prlimit'), ['--pid', String(pid), `--nofile=${limit}:`]);
}
