import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ownNamespaces } from '../peers/namespaces';
import { describeNeeding } from '../peers/needing';
import { root } from '../peers/root';

const run = promisify(execFile);

describe('The demo', function () {
  this.timeout(60_000);

  const startOnce = () => run('npm', ['start', '--', '--once'], { cwd: root });

  it('pushes once, says what happened step by step with times, and ends with 0', async () => {
    const { stdout } = await startOnce();
    const steps = [
      /\d\.\d{3} s {2}an MQTT broker runs at mqtt:\/\/127\.0\.0\.1:\d+/,
      /Node-RED runs with the example flow "Push one file": http:\/\/127\.0\.0\.1:\d+/,
      /NIGHTLAMP hears the announcement {2}127\.0\.0\.1\|\d+\|main\.py\|[0-9a-f]{40}\n/,
      /NIGHTLAMP has all 38\d\d bytes, the hash is right: main\.py is replaced/,
      /NIGHTLAMP restarts/,
      /OTA push says success/,
    ];
    for (const step of steps) assert.match(stdout, step);
  });

  it('runs three times at once: each has ports and a folder of its own, and what is built stays in place', async () => {
    for (const { stdout } of await Promise.all([startOnce(), startOnce(), startOnce()])) {
      assert.match(stdout, /OTA push says success/);
    }
  });

  const board = (micropython: string) =>
    run('npm', ['run', '--silent', 'board'], { cwd: root, env: { ...process.env, MICROPYTHON: micropython } });

  it('says in one line that MicroPython is missing', async () => {
    await assert.rejects(board('/no/micropython'), { code: 1, stdout: '', stderr: /^MicroPython is missing.*\n$/ });
  });

  it('says in one line that MicroPython has ended', async () => {
    await assert.rejects(board('/bin/false'), { code: 1, stderr: 'The device ended by itself (status 1).\n' });
  });

  it('says what Node-RED lacks for a flow, instead of waiting', async () => {
    const flow = [
      { id: 'tab', type: 'tab' },
      { id: 'node', type: 'no-such-node', z: 'tab' },
    ];
    const start = `require('./demo/node-red').NodeRed.start(${JSON.stringify(flow)})`;
    const script = `${start}.catch(({ message }) => console.log(message)).finally(() => process.exit())`;
    const { stdout } = await run(process.execPath, ['--require', 'tsx/cjs', '--eval', script], { cwd: root });
    assert.equal(stdout, 'Node-RED does not start the flow (missing-types). no-such-node\n');
  });

  describeNeeding(['namespaces'], 'in a checkout that cannot be written', () => {
    it('runs', async () => {
      const readOnly =
        'mount --bind . . && mount -o remount,bind,ro . && cd "$PWD" && ! touch file && npm start -- --once';
      const { stdout } = await run('unshare', ownNamespaces(['mount'], ['sh', '-c', readOnly]), { cwd: root });
      assert.match(stdout, /OTA push says success/);
    });
  });
});
