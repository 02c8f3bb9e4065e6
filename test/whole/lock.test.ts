import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { listen } from '../peers/listen';
import { describeNeeding } from '../peers/needing';
import { resourcesOfEachTest } from '../peers/resources';
import { root } from '../peers/root';
import { temporaryFolder } from '../peers/temporary-folder';
import { npmOf } from '../peers/versions';

const [first, last] = [11, 10].map((major) => `npx npm@${major} install --package-lock-only --ignore-scripts`);
const remedy = `write package-lock.json again with "${first}" and then "${last}"`;

interface LockedPackage {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly libc?: readonly string[];
}

describe('package-lock.json', () => {
  let packages: ReadonlyMap<string, LockedPackage>;

  before(async () => {
    const lock = await readFile(join(root, 'package-lock.json'), 'utf8');
    packages = new Map(Object.entries((JSON.parse(lock) as { packages: Record<string, LockedPackage> }).packages));
  });

  it('has the packages for every platform, not only for the one that it was written on', () => {
    const folder = 'node_modules/';
    const locked = new Set([...packages.keys()].map((path) => path.slice(path.lastIndexOf(folder) + folder.length)));
    const named = [...packages.values()].flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
    assert.ok(named.length > 0, 'no package has an optional dependency: this test looks for nothing');
    const missing = named.filter((name) => !locked.has(name));
    assert.deepEqual(missing, [], `npm 11 misses ${missing.join(', ')}: ${remedy}`);
  });

  it('says nothing that only some versions of npm write', () => {
    const withLibc = [...packages].flatMap(([path, { libc }]) => (libc ? [path] : []));
    assert.deepEqual(withLibc, [], `npm 9 and 10 write no "libc", which ${withLibc.join(', ')} have: ${remedy}`);
  });

  it('names no registry: it is for the reader to choose', () => {
    const addresses = [...packages.values()].flatMap(({ resolved }) => (resolved === undefined ? [] : [resolved]));
    assert.deepEqual(addresses, [], 'take these "resolved" out: npm finds a package without them');
  });

  it('gives every package the versions that it asks for, of its peers too', async () => {
    const { failed, stdout, stderr } = await run('npm', ['ls', '--all', '--package-lock-only'], root);
    const reasons = stdout.split('\n').filter((line) => / invalid: | UNMET DEPENDENCY /.test(line));
    const advice = `${remedy}; then take other versions, or say in "overrides" of package.json which one does`;
    assert.ok(!failed, [advice, ...reasons, stderr].join('\n'));
  });

  for (const major of [9, 10, 11]) {
    describeNeeding(['versions'], `for npm ${major}`, () => {
      const resources = resourcesOfEachTest();
      let folder: string;

      beforeEach(async () => {
        folder = await temporaryFolder(resources, 'lock');
        for (const file of ['package.json', 'package-lock.json']) await copyFile(join(root, file), join(folder, file));
      });

      it('is all that "npm ci" needs in a fresh clone', async () => {
        await runWithEmptyRegistry(major, ['ci', '--dry-run'], folder);
      });

      it('is as "npm install" writes it', async () => {
        await runWithEmptyRegistry(major, ['install', '--package-lock-only'], folder);
        const [committed, written] = await Promise.all(
          [root, folder].map((at) => readFile(join(at, 'package-lock.json'), 'utf8')),
        );
        assert.equal(written, committed, remedy);
      });
    });
  }
});

/**
 * Runs an npm that knows nothing but the folder: no cache, no settings, and a registry that has no package. It asks the
 * registry only for what the lock lacks, and takes a package that is not there for one that it can do without.
 *
 * @throws AssertionError where it asked for a package, or failed
 */
async function runWithEmptyRegistry(major: number, args: readonly string[], folder: string): Promise<void> {
  const asked = new Set<string>();
  const registry = createServer((request, response) => {
    asked.add(decodeURIComponent(request.url ?? '').slice(1));
    response.writeHead(404).end();
  });
  try {
    const address = `http://127.0.0.1:${await listen(registry)}`;
    const options = ['--ignore-scripts', '--no-audit', '--no-update-notifier', '--registry', address];
    const env = { HOME: folder, PATH: process.env.PATH };
    const { failed, stderr } = await run(process.execPath, [npmOf(major), ...args, ...options], folder, env);
    assert.deepEqual([...asked], [], `npm ${major} misses ${[...asked].join(', ')}: ${remedy}`);
    assert.ok(!failed, stderr);
  } finally {
    registry.closeAllConnections();
    registry.close();
  }
}

/** What a program wrote, and whether it ended with an error. @throws Error where it could not be started */
function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env = process.env,
): Promise<{ failed: boolean; stdout: string; stderr: string }> {
  return new Promise((ended, reject) => {
    execFile(program, args, { cwd, env }, (error, stdout, stderr) => {
      if (typeof error?.code === 'string') reject(error);
      else ended({ failed: error !== null, stdout, stderr });
    });
  });
}
