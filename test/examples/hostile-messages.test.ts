import assert from 'node:assert/strict';
import { type ExampleFunction, startExampleFunction } from '../peers/example-function';
import type { Inbox } from '../peers/inbox';
import { resourcesOfEachTest } from '../peers/resources';
import type { Received, TestFlow } from '../peers/test-flow';

/** Nobody can copy it: an error with it could not be told, and would end Node-RED. */
const deep = () => JSON.parse('['.repeat(12_000) + ']'.repeat(12_000)) as unknown;

describe('What strangers send to an example flow', () => {
  const resources = resourcesOfEachTest();

  let flow: TestFlow;
  let sent: Inbox<Received>;
  let say: ExampleFunction['say'];

  async function start(example: string, name: string): Promise<void> {
    ({ flow, sent, say } = await startExampleFunction(resources, example, name));
  }

  const without = ({ _msgid, ...others }: Received) => others;

  for (const example of ['event', 'automation over MQTT', 'automation over a webhook', 'Update entities']) {
    const file = example.startsWith('Update')
      ? example
      : `Started by an ${example}`.replace('an event', 'a Home Assistant event');
    describe(`"${file}"`, () => {
      beforeEach(() => start(`home-assistant/${file}`, 'only from this folder'));

      it('goes on as what was checked and nothing else', async () => {
        const payload = { file: 'main.py', targets: ['lamp'], other: 1 };
        say({ payload, other: 2, reset: true, version: '1.0', statusCode: 404, parts: {} });
        const { filename, targets, version, ...others } = without(await sent.next());
        assert.deepEqual([filename, targets, version, others], ['/data/lamps/main.py', ['lamp'], '1.0', {}]);
      });

      const refused: [string, Record<string, unknown>][] = [
        ['something nested 12,000 deep', { payload: deep() }],
        ['such a file', { payload: { file: deep(), targets: ['lamp'] } }],
        ['such devices', { payload: { file: 'main.py', targets: deep() } }],
        ['a device that is such', { payload: { file: 'main.py', targets: [deep()] } }],
        ['nothing', { payload: null, other: deep() }],
        ['a path', { payload: { file: '../secret', targets: ['lamp'] }, other: deep() }],
        ['a hostname of 60 KB', { payload: { file: 'main.py', targets: ['n'.repeat(60_000)] } }],
      ];
      for (const [what, message] of refused) {
        it(`is refused where it is ${what}`, async () => {
          say(message);
          const { error, ...others } = await flow.caught.next();
          assert.match(error?.message ?? '', /Expected/);
          assert.deepEqual(Object.keys(others), ['_msgid']);
          assert.equal(sent.all.length, 0);
        });
      }
    });
  }

  it('is answered by the webhook with nothing of what a stranger has sent', async () => {
    await start('home-assistant/Started by an automation over a webhook', 'whoever has the token');
    say({ req: { headers: {} }, res: {}, payload: deep(), other: deep() });
    const { statusCode, payload, ...others } = without(await sent.next());
    assert.equal(statusCode, 401);
    assert.equal((payload as { result: string }).result, 'refused');
    assert.deepEqual(new Set(Object.keys(others)), new Set(['req', 'res']));
  });

  it('is pushed for others only as far as it was checked', async () => {
    await start('Share the work between servers', 'the job');
    say({ payload: { id: 'a', target: deep(), filename: { deep: deep() }, bytes: '' }, other: deep() });
    const { job, target } = await sent.next();
    assert.deepEqual([job, target], [{ id: 'a' }, undefined]);
    say({ payload: { id: deep(), target: 'lamp', filename: 'main.py', bytes: '' } });
    say({ payload: deep() });
    say({ payload: { id: 'b', target: 'lamp', filename: 'main.py', bytes: '' } });
    assert.deepEqual((await sent.next()).job, { id: 'b', target: 'lamp', filename: 'main.py' });
  });

  it('is no result that a device at a time waits for', async () => {
    await start('Share the work between servers', 'a device at a time');
    const request = { payload: Buffer.from('pass'), targets: ['lamp'], filename: 'main.py', timeout: 30 };
    say({ ...request });
    const { id } = (await sent.next()).payload as { id: string };
    const topic = 'ota-push/result/lamp';
    const hostile = [
      null,
      deep(),
      { id, target: deep(), result: 'success' },
      { id, target: '__proto__', result: 'success' },
    ];
    for (const payload of [...hostile, { id, target: 'lamp', result: deep() }]) say({ topic, payload });
    say({ topic, payload: { id, target: 'lamp', result: 'success', message: deep(), remedy: 'r'.repeat(60_000) } });
    const { payload, result } = await sent.next();
    assert.deepEqual(
      [payload, result],
      ['success', { id, target: 'lamp', result: 'success', code: null, message: null, remedy: 'r'.repeat(1000) }],
    );
  });

  describe('devices on the fleet page', () => {
    beforeEach(() => start('Fleet page', 'what the page shows'));

    const nothing = { address: null, seen: null, pushed: null, report: null, files: [], last: null, failures: null };
    const device = (target: string, changes: object = {}) => ({ target, ...nothing, push: null, ...changes });

    it('are those that were heard last, however many are invented, in their order', async () => {
      const payload = Array.from({ length: 5000 }, (_, at) => device(`lamp-${at}`, { seen: 5000 - at }));
      say({ payload });
      const shown = await sent.next();
      const names = (shown.payload as { target: string }[]).map(({ target }) => target);
      assert.deepEqual(
        names,
        Array.from({ length: 1000 }, (_, at) => `lamp-${at}`),
      );
      assert.equal((shown.fleet as { total: number }).total, 5000);
    });

    it('take no more room than devices', async () => {
      const long = 'x'.repeat(60_000);
      const file = { filename: long, hash: long, verified: 'running', since: 0, kept: [] };
      const report = { state: long, file: long, hash: long, error: long };
      const last = { result: 'failed', code: 'rejected', message: long, remedy: long, filename: long, at: 0 };
      const failures = { count: 1, since: 0 };
      say({ payload: [device('lamp', { files: Array(50).fill(file), report, last, failures })] });
      const { payload } = await sent.next();
      assert.ok(JSON.stringify(payload).length < 6000);
    });
  });

  it('tells of a night in few words, whoever has failed', async () => {
    await start('Update every night when the file has changed', 'who failed, since when, why');
    const targets = Array.from({ length: 500 }, (_, at) => `lamp-${at}`);
    const last = { message: 'm'.repeat(60_000) };
    const devices = targets.slice(1).map((target) => ({ target, failures: { count: 1, since: 0 }, last }));
    const counts = { success: 1, unchanged: 2 };
    say({ rollout: { counts, targets: { timeout: targets, failed: [], cancelled: [], skipped: targets } }, devices });
    const { topic, payload, failed } = await sent.next();
    assert.deepEqual([topic, failed], ['Updates of the night: 500 failed', 500]);
    assert.match(
      String(payload),
      /^1 updated, 2 had the file, 500 failed\. Failed: lamp-0; lamp-1 since .*; 490 more\. Not tried: /,
    );
    assert.ok(String(payload).length < 5000);
  });

  it('tells in few words why nothing was sent in a night', async () => {
    await start('Update every night when the file has changed', 'who failed, since when, why');
    say({ error: { message: 'm'.repeat(60_000) }, targets: ['lamp', deep()], payload: deep() });
    const { topic, payload, failed, ...others } = without(await sent.next());
    assert.deepEqual([topic, failed, others], ['Updates of the night: nothing was sent', 2, {}]);
    assert.match(String(payload), /^Nothing was sent: m{300}\.$/);
  });

  describe('who opens the fleet page', () => {
    beforeEach(() => start('Fleet page', 'what the page asks for'));

    const refused: [string, unknown][] = [
      ['nothing', undefined],
      ['what nobody knows', { what: '__proto__' }],
      ['a path', { what: 'choose', filename: '../secret.py' }],
      ['something nested 12,000 deep as a file', { what: 'choose', filename: deep() }],
      ['such devices before there is a file', { what: 'push', targets: deep() }],
      ['a file that is none', { what: 'upload', filename: 'main.py', bytes: 'text' }],
      ['such a version', { what: 'go back', target: 'lamp', filename: 'main.py', hash: deep() }],
      ['such a device', { what: 'forget', target: deep() }],
    ];
    for (const [what, ask] of refused) {
      it(`is refused with ${what}`, async () => {
        say({ ask, other: deep() });
        const { error, ...others } = await flow.caught.next();
        assert.match(error?.message ?? '', /^Expected/);
        assert.deepEqual(Object.keys(others), ['_msgid']);
        assert.equal(sent.all.length, 0);
      });
    }

    const notHostnames: [string, unknown][] = [
      ['something nested 12,000 deep', deep()],
      ['what is no text when it is asked', { toString: 1, valueOf: 1 }],
      ['a number', 7],
      ['a hostname of 60 KB', 'n'.repeat(60_000)],
    ];
    for (const [what, target] of notHostnames) {
      it(`is refused with a device that is ${what}, after a file was chosen`, async () => {
        say({ ask: { what: 'upload', filename: 'main.py', bytes: Buffer.from('pass') } });
        await sent.next();
        say({ ask: { what: 'push', targets: ['lamp', target] }, other: deep() });
        const { error, ...others } = await flow.caught.next();
        assert.match(error?.message ?? '', /^Expected/);
        assert.deepEqual(Object.keys(others), ['_msgid']);
        assert.equal(sent.all.length, 1);
      });
    }

    it('pushes the bytes that were chosen and nothing else that comes with the message', async () => {
      const bytes = Buffer.from('pass');
      say({ ask: { what: 'upload', filename: 'main.py', bytes }, restore: true });
      assert.deepEqual(without(await sent.next()), {});
      say({ ask: { what: 'push', targets: ['lamp'] }, restore: true, files: [] });
      const { payload, ...others } = without(await sent.next());
      assert.deepEqual(Buffer.from(payload as never), bytes);
      assert.deepEqual(others, { filename: 'main.py', targets: ['lamp'] });
    });
  });
});
