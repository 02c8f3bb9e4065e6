import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ownNamespaces } from '../peers/namespaces';
import { describeNeeding } from '../peers/needing';
import { resourcesOfEachTest } from '../peers/resources';
import { root } from '../peers/root';
import { temporaryFolder } from '../peers/temporary-folder';

const run = promisify(execFile);

describe('npm run build', function () {
  this.timeout(60_000); // it compiles everything
  const resources = resourcesOfEachTest();
  let checkout: string;

  beforeEach(async () => {
    checkout = await temporaryFolder(resources, 'build');
    for (const path of ['dist', 'examples', 'icons', 'lib', 'nodes', 'scripts', 'package.json', 'tsconfig.json']) {
      cpSync(join(root, path), join(checkout, path), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  });

  const build = () => run('npm', ['run', '--silent', 'build'], { cwd: checkout });
  const built = (file: string) => join(checkout, 'dist', file);
  /** Another number for the same name is another file. */
  const numberOf = (file: string) => statSync(built(file)).ino;

  it('leaves what is up to date as it is, for whoever is loading it', async () => {
    const before = ['nodes/ota-push/ota-push.js', 'nodes/ota-push/ota-push.html', 'lib/push/push.js'].map(numberOf);
    await build();
    assert.deepEqual(
      ['nodes/ota-push/ota-push.js', 'nodes/ota-push/ota-push.html', 'lib/push/push.js'].map(numberOf),
      before,
    );
  });

  it('replaces what has changed, removes what is no more, and leaves nothing beside', async () => {
    const here = readdirSync(checkout);
    const [push, other] = [numberOf('lib/push/push.js'), numberOf('nodes/ota-push/ota-push.js')];
    appendFileSync(join(checkout, 'lib/push/push.ts'), '\nexport const isNew = true;\n');
    writeFileSync(built('lib/old.js'), '');
    await build();
    assert.match(readFileSync(built('lib/push/push.js'), 'utf8'), /isNew/);
    assert.notEqual(numberOf('lib/push/push.js'), push);
    assert.equal(numberOf('nodes/ota-push/ota-push.js'), other);
    assert.equal(existsSync(built('lib/old.js')), false);
    assert.deepEqual(readdirSync(checkout), here);
  });

  it('builds everything where nothing is, twice at once', async () => {
    rmSync(built(''), { recursive: true });
    await Promise.all([build(), build()]);
    assert.deepEqual(
      readdirSync(built(''), { recursive: true }).sort(),
      readdirSync(join(root, 'dist'), { recursive: true }).sort(),
    );
  });

  for (const name of ['ota', 'ota_async']) {
    it(`compiles ${name}.py for boards that cannot, and says where it has an error`, async () => {
      const module = join(checkout, `examples/micropython/${name}.mpy`);
      rmSync(module);
      await build();
      assert.deepEqual(readFileSync(module), readFileSync(join(root, `examples/micropython/${name}.mpy`)));
      appendFileSync(join(checkout, `examples/micropython/${name}.py`), '\nboot(\n');
      await assert.rejects(build(), { code: 1, stderr: new RegExp(`File "${name}\\.py", line \\d+\nSyntaxError`) });
    });
  }

  it('keeps what was built where the sources have errors, and shows them', async () => {
    const before = readFileSync(built('nodes/ota-push/ota-push.js'), 'utf8');
    appendFileSync(join(checkout, 'nodes/ota-push/ota-push.ts'), '\nconst two: number = "2";\n');
    await assert.rejects(build(), { code: 1, stderr: /^nodes\/ota-push\/ota-push\.ts\(\d+,7\): error TS2322/ });
    assert.equal(readFileSync(built('nodes/ota-push/ota-push.js'), 'utf8'), before);
  });

  describeNeeding(['namespaces'], 'in a checkout that cannot be written', () => {
    const readOnly = 'mount --bind . . && mount -o remount,bind,ro . && cd "$PWD" && npm run --silent build';
    const buildReadOnly = () => run('unshare', ownNamespaces(['mount'], ['sh', '-c', readOnly]), { cwd: checkout });

    it('is content with what is up to date', async () => {
      const { stdout, stderr } = await buildReadOnly();
      assert.equal(stdout + stderr, '');
    });

    it('says in one line what to do where that is not', async () => {
      writeFileSync(built('nodes/ota-push/ota-push.js'), '// old');
      const stderr = /^What is built is not up to date and cannot be written .*npm run build.*\n$/;
      await assert.rejects(buildReadOnly(), { code: 1, stderr });
    });
  });
});
