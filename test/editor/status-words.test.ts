import assert from 'node:assert/strict';
import type { Node } from 'node-red';
import type { Entities } from '../../lib/home-assistant/entities';
import type { Job } from '../../lib/push/job';
import type { Outcome } from '../../lib/push/outcome';
import type { Code, PushActivity, PushSnapshot, Verified } from '../../lib/push/state';
import type { RolloutEnd } from '../../lib/rollout/rollout';
import { DevicesStatus } from '../../nodes/ota-devices/status';
import { HaStatus } from '../../nodes/ota-ha-update/status';
import { StatusLine } from '../../nodes/ota-push/status';
import type { RolloutQueue } from '../../nodes/ota-rollout/rollout-queue';
import { RolloutStatus } from '../../nodes/ota-rollout/status';
import type { BadInput } from '../../nodes/shared/bad-input';
import type { Translate } from '../../nodes/shared/throttled-status';
import { catalogue, keysOf, languages, missingIn } from './catalogue';

// The compiler keeps these tables: each has all that its type has.
const codes = keysOf<Code>({
  no_connection: true,
  stalled: true,
  broker_offline: true,
  publish_failed: true,
  listen_failed: true,
  interrupted: true,
  rejected: true,
  not_verified: true,
  cancelled: true,
  superseded: true,
  queue_full: true,
});
const levels = keysOf<Verified>({ delivered: true, installed: true, running: true, online: true });
const rolloutEnds = keysOf<RolloutEnd>({ complete: true, stopped: true, cancelled: true });
/** Whether an OTA push that does this waits: always, never, or both; `done` is told by how it ended. */
const waitsWhile: Record<PushActivity, readonly boolean[]> = {
  queued: [true],
  waiting: [true],
  retry: [true],
  announce: [true, false],
  connect: [false],
  transfer: [false],
  verify: [false],
  done: [],
};

const ready = { isReady: true, status: { text: 'ready' }, watch: () => () => undefined };

/** Tells a status line one thing. */
type Tell = (node: Node, translate: Translate) => void;

const ended =
  (outcome: Partial<Outcome>): Tell =>
  (node, translate) =>
    new StatusLine(node, translate, ready).end({ id: '1', target: 'nightlamp', ...outcome } as Outcome);
const pushing =
  (count: number, doing: PushActivity, isWaiting: boolean): Tell =>
  (node, translate) => {
    const line = new StatusLine(node, translate, ready);
    for (let id = 1; id <= count; id += 1) line.phase([{ id: `${id}`, target: 'nightlamp' } as Job], doing, isWaiting);
  };
const sending: Tell = (node, translate) => {
  const line = new StatusLine(node, translate, ready);
  const jobs = [{ id: '1', target: 'nightlamp' } as Job];
  line.phase(jobs, 'transfer', false);
  line.follow(jobs, () => ({ percent: 50, phase: 'transfer' }) as PushSnapshot);
};
const failing: Tell = (node, translate) => {
  const line = new StatusLine(node, translate, ready);
  for (const target of ['nightlamp', 'daylamp'])
    line.end({ id: target, target, result: 'timeout', code: 'stalled' } as Outcome);
};
const rollingOut =
  (isPaused: boolean, waiting: number): Tell =>
  (node, translate) =>
    new RolloutStatus(node, translate, ready).working({ underWay: { isPaused, failures: 1 }, waiting } as RolloutQueue);
const showing =
  (...inProgress: readonly [target: string, percent: number][]): Tell =>
  (node, translate) =>
    new HaStatus(node, translate, ready).show({ size: 3, inProgress } as unknown as Entities);
const refusals = keysOf<BadInput['code']>({ bad_input: true, queue_full: true });
const noCounts = { success: 0, unchanged: 0, timeout: 0, failed: 0, cancelled: 0, skipped: 0 };

/** All that the line under each kind of node can be told. */
const lines: Readonly<Record<string, readonly Tell[]>> = {
  'ota-push': [
    ...codes.map((code) => ended({ result: 'failed', code })),
    ...levels.map((verified) => ended({ result: 'success', code: null, verified })),
    ended({ result: 'unchanged', code: null }),
    ...keysOf<PushActivity>(waitsWhile).flatMap((doing) => waitsWhile[doing].map((waits) => pushing(1, doing, waits))),
    pushing(2, 'transfer', false),
    ended({ result: 'failed', code: 'rejected', report: { state: 'rolled_back' } as Outcome['report'] }),
    sending,
    failing,
    ...refusals.map<Tell>((code) => (node, translate) => new StatusLine(node, translate, ready).badInput(code)),
  ],
  'ota-rollout': [
    ...rolloutEnds.map<Tell>(
      (end) => (node, translate) => new RolloutStatus(node, translate, ready).end(end, noCounts),
    ),
    rollingOut(false, 1),
    rollingOut(true, 1),
    ...refusals.map<Tell>((code) => (node, translate) => new RolloutStatus(node, translate, ready).badInput(code)),
  ],
  'ota-devices': [
    (node, translate) => new DevicesStatus(node, translate, ready, { size: 3 }).update(),
    (node, translate) => new DevicesStatus(node, translate, ready, { size: 3 }).badInput(),
  ],
  'ota-ha-update': [
    showing(),
    showing(['nightlamp', 50], ['daylamp', 50]),
    ...refusals.map<Tell>((code) => (node, translate) => new HaStatus(node, translate, ready).badInput(code)),
  ],
};

describe('the words for the line under a node', () => {
  for (const language of languages) {
    for (const [type, tells] of Object.entries(lines)) {
      it(`are there for all that the line under an ${type} can be told: ${language}`, async () => {
        const words = catalogue(language, type);
        const keys = (await Promise.all(tells.map(keysAskedFor))).flat().map((key) => `${type}.status.${key}`);
        assert.deepEqual(missingIn(words, keys), []);
      });
    }
  }
});

/** The keys that a status line looks up to show what it was told. */
function keysAskedFor(tell: Tell): Promise<string[]> {
  const keys: string[] = [];
  return new Promise((resolve) => {
    // What is a key as a whole, the editor looks up.
    const status = ({ text }: { text: string }) =>
      resolve([...keys, ...(/^ota-[\w-]+\.status\.(\w+)$/.exec(text)?.slice(1) ?? [])]);
    tell({ status } as unknown as Node, (key) => {
      keys.push(key);
      return key;
    });
  });
}
