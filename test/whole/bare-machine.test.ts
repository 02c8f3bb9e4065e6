import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BareMachine } from '../peers/bare-machine';
import { describeNeeding } from '../peers/needing';
import { resourcesOfEachTest } from '../peers/resources';
import { root } from '../peers/root';
import { temporaryFolder } from '../peers/temporary-folder';

const run = promisify(execFile);
const stranger = 1000;

/** How this machine reaches npm's registry, if by a way of its own. */
async function networkSettings(): Promise<Record<string, string>> {
  const settings: Record<string, string> = {};
  for (const name of ['registry', 'cafile', 'https-proxy']) {
    const { stdout } = await run('npm', ['config', 'get', name], { cwd: root });
    const value = stdout.trim();
    if (!['null', 'undefined', ''].includes(value)) settings[`npm_config_${name.replace('-', '_')}`] = value;
  }
  return settings;
}

describeNeeding(['bare-machine'], "The README's two commands, in a fresh clone on a bare Debian", function () {
  this.timeout(600_000);
  const resources = resourcesOfEachTest();

  for (const [who, user] of [
    ['root', 0],
    ['an ordinary user', stranger],
  ] as const) {
    it(`pass for ${who}, and say which peers are missing and what gets them`, async () => {
      const home = await temporaryFolder(resources, 'bare-machine');
      await run('git', ['clone', '--quiet', '--no-hardlinks', root, join(home, 'clone')]);
      await run('chown', ['--recursive', `${user}:${user}`, home]);
      const machine = new BareMachine(home, await networkSettings());
      resources.defer(() => machine.stop());
      const { code, output } = await machine.run(
        user,
        'clone',
        'npm install && npm test && test -z "$(git status --porcelain)"',
      );
      assert.equal(code, 0, output);
      assert.match(output, /^[1-9]\d{2,} passed, 0 failed, [1-9]\d{2,} skipped$/m, output);
      assert.match(output, /^ +Mosquitto +\d+ tests +npm run peers -- mosquitto$/m);
      assert.match(output, /All of them: npm run peers\n/);
    });
  }
});
