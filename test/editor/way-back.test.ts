import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseOptions } from '../../nodes/shared/push-template';
import { definitionOf } from './definition';

const source = (path: string) => readFileSync(resolve(__dirname, '../..', path), 'utf8');

/** Seconds until a board has taken a bad program back, its starts aside: all but the last last that long. */
function wayBack(): number {
  const [, seconds, starts] =
    /^def boot\(seconds=(\d+), starts=(\d+)/m.exec(source('examples/micropython/ota.py')) ?? [];
  return Number(seconds) * (Number(starts) - 1);
}

/** Of a slow board, which starts twice until it is on the broker again and says so. */
const secondsToStart = 30;

describe('the verify timeout that is set when nothing else is', () => {
  it('is longer than the way back of a board, so that a canary hears of it', () => {
    const longEnough = wayBack() + secondsToStart;
    assert.ok(parseOptions({}).verifyTimeoutMs >= longEnough * 1000);
    for (const type of ['ota-push', 'ota-rollout']) {
      assert.ok(Number(definitionOf(type).defaults.verifyTimeout?.value) >= longEnough, type);
    }
  });

  for (const language of ['en-US', 'de']) {
    it(`is named in the dialog beside that of the way back: ${language}`, () => {
      const words = JSON.parse(source(`nodes/ota-push/locales/${language}/ota-push.json`));
      const hint: string = words['ota-push'].hint.verifyTimeout;
      assert.deepEqual(hint.match(/\d+/g)?.map(Number), [parseOptions({}).verifyTimeoutMs / 1000, wayBack()]);
    });
  }
});
