/** What `npm test` does: lints, builds, runs the tests, and checks that they have left nothing behind. Arguments are mocha's: all tests unless said. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '..');

interface Counts {
  readonly passes: number;
  readonly failures: number;
  readonly pending: number;
}

/** @returns the exit code */
async function main(mochaArguments: readonly string[]): Promise<number> {
  for (const script of ['lint', 'build']) {
    const { status } = spawnSync('npm', ['run', '--silent', script], { cwd: root, stdio: 'inherit' });
    if (status !== 0) {
      console.error(`\nnpm run ${script} failed: no test was run.`);
      return conclude({ passes: 0, failures: 1, pending: 0 });
    }
  }
  const statusBefore = gitStatus();
  // A folder of their own tells what they leave there from what others do, and which processes are theirs.
  const folder = await mkdtemp(join(tmpdir(), 'ota-push-tests-'));
  try {
    const counts = await runMocha(mochaArguments.length > 0 ? mochaArguments : ['test/**/*.test.ts'], folder);
    const leftovers = [...(await leftProcesses(folder)), ...leftFiles(folder), ...changedFiles(statusBefore)];
    for (const leftover of leftovers) console.error(`Left behind: ${leftover}`);
    return conclude({ ...counts, failures: counts.failures + (leftovers.length > 0 ? 1 : 0) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The line that ends a run, and its exit code. */
function conclude({ passes, failures, pending }: Counts): number {
  console.log(`${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ''}`);
  return failures > 0 ? 1 : 0;
}

/** @returns what the reporter has counted; one failure more where mocha ended badly without having counted one */
async function runMocha(mochaArguments: readonly string[], folder: string): Promise<Counts> {
  const countsFile = join(folder, 'counts.json');
  const child = spawn(process.execPath, [require.resolve('mocha/bin/mocha.js'), ...mochaArguments], {
    cwd: root,
    env: { ...process.env, TMPDIR: folder, TEST_COUNTS_FILE: countsFile },
    stdio: 'inherit',
  });
  // Ctrl-C reaches mocha too, which ends its tests; what they leave is still to be cleared up here.
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGINT', ignore);
  const counts = existsSync(countsFile)
    ? (JSON.parse(await readFile(countsFile, 'utf8')) as Counts)
    : { passes: 0, failures: 0, pending: 0 };
  await rm(countsFile, { force: true });
  return code === 0 || counts.failures > 0 ? counts : { ...counts, failures: 1 };
}

/** Processes that were started with the tests' temporary folder and still run. They are ended. Linux tells, others don't. */
async function leftProcesses(folder: string): Promise<string[]> {
  if (!existsSync('/proc/self/environ')) return [];
  const left: string[] = [];
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${id}/environ`, 'utf8').includes(`\0TMPDIR=${folder}`)) continue;
      const command = readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ');
      process.kill(Number(id), 'SIGKILL');
      if (command) left.push(`process ${id}, ${command}`);
    } catch (error) {
      // Processes of others, and those that have just ended.
      if (!['EACCES', 'ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return left;
}

/** What lies in the tests' temporary folder, but for the caches of tsx and Node.js, which are meant to stay. */
function leftFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => !/^(tsx-|node-compile-cache)/.test(name));
}

function changedFiles(before: string): string[] {
  const known = before.split('\n');
  return gitStatus()
    .split('\n')
    .filter((line) => !known.includes(line))
    .map((line) => `in the checkout: ${line}`);
}

/** Empty where the tests are not in a checkout. */
function gitStatus(): string {
  return spawnSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' }).stdout ?? '';
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
