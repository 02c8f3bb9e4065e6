import assert from 'node:assert/strict';
import { isTooMany, parseStopAfter, parseWaves, waveSizes } from '../../../lib/rollout/waves';

describe('Waves', () => {
  const cases: [string, number, number[]][] = [
    ['100%', 7, [7]],
    ['', 7, [7]],
    ['1, 10%, 100%', 50, [1, 5, 44]],
    ['1, 10%, 100%', 1, [1]],
    ['1, 10%, 100%', 3, [1, 1, 1]],
    ['1', 3, [1, 1, 1]],
    ['2,3', 10, [2, 3, 3, 2]],
    ['10%', 11, [2, 2, 2, 2, 2, 1]],
    ['0.5%', 10, Array(10).fill(1)],
    ['0.07%, 100%', 10_000, [7, 9993]],
    [' 5 , 50 % ', 20, [5, 10, 5]],
    ['100', 20, [20]],
  ];
  for (const [text, total, sizes] of cases) {
    it(`${JSON.stringify(text)} of ${total} are ${sizes.join(', ')}`, () => {
      assert.deepEqual(waveSizes(parseWaves(text), total), sizes);
    });
  }

  for (const text of ['0', '0%', '101%', '-1', '1.5', 'all', '1,,2', '1;2', ',', '%', '1e3']) {
    it(`are not ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseWaves(text), /Expected waves as whole numbers/);
    });
  }
});

describe('The failures that stop a rollout', () => {
  const cases: [string, number, number, number, boolean][] = [
    ['', 50, 50, 1, false],
    ['1', 0, 50, 1, false],
    ['1', 1, 50, 1, true],
    ['3', 2, 50, 50, false],
    ['3', 3, 3, 50, true],
    ['20%', 1, 1, 50, false],
    ['20%', 1, 1, 1, true],
    ['20%', 5, 9, 50, false],
    ['20%', 2, 10, 50, true],
    ['20%', 1, 10, 50, false],
    ['20%', 1, 5, 5, true],
    ['20%', 0, 10, 10, false],
  ];
  for (const [text, failures, ended, firstWave, expected] of cases) {
    const so = expected ? 'are' : 'are not';
    it(`${so} ${failures} of ${ended} where the limit is ${JSON.stringify(text)} and ${firstWave} go first`, () => {
      assert.equal(isTooMany(parseStopAfter(text), failures, ended, firstWave), expected);
    });
  }

  for (const text of ['0', '0%', '101%', '-1', '1.5', 'all']) {
    it(`can't be ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseStopAfter(text), /Expected the failures to stop after/);
    });
  }
});
