// What `npm start` and `npm run board` run: `node demo/run.mjs start`. It builds the package and starts the demo in a
// process group of its own, and whatever happens to either of them, to npm or to the terminal, leaves no process and no file.
import { once } from 'node:events';
import { join } from 'node:path';
import { runCommand } from '../scripts/command.mjs';
import { buildPackage, ROOT, toolPath } from '../scripts/package.mjs';
import { killGroup, spawnGroup } from '../scripts/process-group.mjs';

/** For a demo to end in good order. */
const LIMIT_MS = 10_000;

const [name, ...words] = process.argv.slice(2);

await runCommand(async (folder, signal) => {
  await buildPackage(folder, signal);
  return play(['--require', toolPath('tsx/cjs'), join(ROOT, 'demo', `${name}.ts`), ...words], folder, signal);
});

/**
 * @param {readonly string[]} command
 * @param {string} folder where the demo puts all of its files
 * @param {AbortSignal} signal
 * @returns {Promise<number>} its exit code
 */
async function play(command, folder, signal) {
  const env = { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder, OTA_PUSH_DEMO_FOLDER: folder };
  const demo = spawnGroup(command, { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  let limit;
  signal.addEventListener('abort', () => {
    if (demo.connected) demo.disconnect(); // it ends when it sees that, as it would without this process
    limit = setTimeout(() => {
      console.error(`The demo has not ended within ${LIMIT_MS / 1000} s: it is ended by force.`);
      killGroup(demo);
    }, LIMIT_MS);
  });
  try {
    const [code, killer] = await once(demo, 'exit');
    if (code === null) throw new Error(`The demo was ended by ${killer}.`);
    return code;
  } finally {
    clearTimeout(limit);
    killGroup(demo);
  }
}
