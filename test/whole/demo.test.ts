import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

describe('The demo', () => {
  it('pushes once, says what happened step by step with times, and ends with 0', async function () {
    this.timeout(60_000);
    const root = resolve(__dirname, '../..');
    const { stdout } = await promisify(execFile)('npm', ['start', '--', '--once'], { cwd: root });
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
});
