import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { PythonChecker } from '../../../lib/check/python-checker';
import { resourcesOfEachTest } from '../../peers/resources';
import { runProgram } from '../../peers/run-program';
import { endless, file, start, usual, type Warnings } from './checker-stage';

describe('Python whose check has limits', function () {
  this.timeout(60_000);
  const resources = resourcesOfEachTest();

  it('passes with one warning when it takes too long, and others are checked as before', async () => {
    const warned: Warnings = [];
    const impatient = await resources.use(start(warned, { ...usual, timeMs: 3000 }));
    assert.equal(await impatient.check([file(endless)]), undefined);
    assert.equal(impatient.check([file(endless)]), undefined);
    assert.deepEqual(warned, ['main.py: it took longer than 3 seconds']);
    assert.match((await impatient.check([file('x = (\n')])) ?? '', /does not compile/);
  });

  it('passes with one warning when it takes too much memory, and others are checked as before', async () => {
    const warned: Warnings = [];
    const poor = await resources.use(start(warned, { ...usual, memory: 20 * 1024 * 1024 }));
    const large = file(`x = 1 # ${'a'.repeat(32 * 1024 * 1024)}\n`);
    assert.equal(await poor.check([large]), undefined);
    assert.equal(poor.check([large]), undefined);
    assert.deepEqual(warned, ['main.py: its compiler failed with MemoryError']);
    assert.match((await poor.check([file('x = (\n')])) ?? '', /does not compile/);
  });

  it('passes with one warning for all where MicroPython cannot be loaded', async () => {
    const warned: Warnings = [];
    const checkless = await resources.use(start(warned, { ...usual, timeMs: 1 }));
    assert.equal(await checkless.check([file('x = (\n')]), undefined);
    assert.equal(await checkless.check([file('y = (\n')]), undefined);
    assert.deepEqual(warned, ['it took longer than 0.001 seconds']);
    assert.match((await checkless.check([file('')])) ?? '', /is empty/, 'what needs no compiler is still refused');
  });

  it('is checked again once MicroPython can be loaded: what it lacked may be there by then', async () => {
    const warned: Warnings = [];
    const limits = { ...usual, timeMs: 1 };
    const onUnchecked = (filename: string) => warned.push(filename);
    const options = { onUnloadable: (reason: string) => warned.push(reason), onUnchecked, limits, retryMs: 0 };
    const checkless = await resources.use(new PythonChecker(options));
    const broken = file('x = (\n');
    assert.equal(await checkless.check([broken]), undefined);
    assert.equal(await checkless.check([broken]), undefined);
    limits.timeMs = usual.timeMs;
    assert.match((await checkless.check([broken])) ?? '', /does not compile/);
    assert.deepEqual(warned, ['it took longer than 0.001 seconds']);
  });

  it('keeps no process alive once its checker is closed', async () => {
    const program = `
      const { PythonChecker } = require('./dist/lib/check/python-checker.js');
      const checker = new PythonChecker({ onUnloadable: console.error, onUnchecked: console.error });
      const bytes = Buffer.from('x = (');
      checker.check([{ filename: 'main.py', bytes, hash: '1' }]).then(console.log).then(() => checker.close());`;
    const said = await runProgram(resources, process.execPath, ['-e', program], {
      cwd: resolve(__dirname, '../../..'),
    });
    assert.match(said, /does not compile/);
  });

  it('passes without a warning when the server is closed meanwhile, which waits for no compiler', async () => {
    const warned: Warnings = [];
    const closed = start(warned);
    const problem = closed.check([file(endless)]);
    await closed.close();
    assert.equal(await problem, undefined);
    assert.equal(await closed.check([file('x = (\n')]), undefined);
    assert.deepEqual(warned, []);
  });
});
