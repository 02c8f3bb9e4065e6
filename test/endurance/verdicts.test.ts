import assert from 'node:assert/strict';
import { resourcesOfEachTest } from '../peers/resources';
import { amount, isLong } from './amount';
import { badKinds, kinds } from './devices';
import { runPeerProgram } from './run-peer-program';
import type { Verdicts } from './verdicts';

const mostGrowth = 5 * 1024 * 1024;

describe('Thousands of pushes, a tenth of them to devices that misbehave', () => {
  const resources = resourcesOfEachTest();

  it('never call a success what the device has not, end with the right code each, and leave nothing behind', async () => {
    const first = amount({ short: 200, long: 500 });
    // One in ten waits for seconds.
    const oneByOne = amount({ short: 20, long: 300 });
    const many = amount({ short: 200, long: 9200 });
    const program = await runPeerProgram(resources, 'verdicts.ts', String(first), String(oneByOne), String(many));
    const { pushes, ends, wrong, differences, memory, left } = JSON.parse(program) as Verdicts;
    const [before, after] = memory;
    if (isLong) console.log({ pushes, ends, differences, growthKB: Math.round((after - before) / 1024) });
    assert.deepEqual(wrong, []);
    assert.equal(pushes, first + oneByOne + many);
    const tried = new Set(Object.keys(ends).map((end) => end.split(':')[0]));
    assert.deepEqual(tried, new Set(Object.keys(kinds)));
    const reasons = new Set(
      Object.values(badKinds).flatMap((kind) => ('differsSince' in kind ? kind.differsSince : [])),
    );
    assert.equal(Object.keys(differences).length, reasons.size);
    assert.deepEqual(left, []);
    assert.ok(after - before < mostGrowth, `${after - before} bytes more than after the first pushes`);
  }).timeout(amount({ short: 120_000, long: 1_200_000 }));
});
