import assert from 'node:assert/strict';
import { startAedes } from '../peers/brokers';
import { type Changes, changing, Example, inOwnFolder, setting } from '../peers/example';
import { startExampleFunction } from '../peers/example-function';
import { resourcesOfEachTest } from '../peers/resources';

const example = 'Fleet page';

describe('The flow of the example "Fleet page"', function () {
  this.timeout(60_000);
  const resources = resourcesOfEachTest();

  it('begins with the file of the folder where what was uploaded came back from a disk as no Buffer', async () => {
    const file = { filename: 'lamp.py', from: 'page', size: 4, bytes: Buffer.from('pass') };
    const { say, sent } = await startExampleFunction(resources, example, 'what the page asks for', { file });
    say({ ask: { what: 'look' } });
    assert.equal((await sent.next()).filename, '/data/lamps/main.py');
  });

  it('goes on with what was uploaded where it is a Buffer still', async () => {
    const { say, sent } = await startExampleFunction(resources, example, 'what the page asks for');
    say({ ask: { what: 'upload', filename: 'lamp.py', bytes: Buffer.from('pass') } });
    await sent.next();
    say({ ask: { what: 'look' } });
    assert.equal((await sent.next()).filename, undefined);
  });

  describe('says of a device', () => {
    const took = { state: 'rolled_back', file: 'main.py', hash: 'new0', error: null };
    const ended = (changes: object) => ({
      message: 'It ended.',
      remedy: null,
      filename: 'main.py',
      at: 2000,
      ...changes,
    });
    const failures = { count: 1, since: 2000 };
    const timeout = { result: 'timeout', code: 'no_connection', hash: 'new0' };
    const success = { result: 'success', code: null, hash: 'new0' };

    const rows: [does: string, device: object, state: string, isBad: boolean][] = [
      ['that it took a file back after its push', { seen: 3000, last: ended(success) }, 'took it back', true],
      [
        'that it took a file back, which ended its push',
        { seen: 2000, last: ended({ result: 'failed', code: 'rejected', hash: 'new0' }), failures },
        'took it back',
        true,
      ],
      [
        'that it took a file back, as the broker has kept it',
        { seen: 2000, last: ended(success) },
        'took it back',
        true,
      ],
      ['that it took a file back, before any push', { seen: 1000, last: null }, 'took it back', true],
      ['what a newer file came to', { seen: 2000, last: ended({ ...success, hash: 'newer0' }) }, 'success', false],
      ['what a newer try came to', { seen: 1000, last: ended(timeout), failures }, 'timeout', true],
    ];
    for (const [what, changes, state, isBad] of rows) {
      it(what, async () => {
        const { say, sent } = await startExampleFunction(resources, example, 'what the page shows');
        const device = { target: 'lamp', address: null, pushed: 2000, report: took, files: [], failures: null };
        say({ payload: [{ ...device, push: null, ...changes }] });
        const [row] = (await sent.next()).payload as { state: string; isBad: boolean }[];
        assert.deepEqual([row?.state, row?.isBad], [state, isBad]);
      });
    }
  });

  for (const [what, server, error] of [
    ['is disabled', { d: true }, /The OTA server is disabled/],
    ['is wrong', { ports: 'any' }, /The OTA server is not set up/],
  ] as const) {
    it(`tells once each time that nothing can be shown where the server ${what}`, async () => {
      const quick: Changes = ({ type }) => (type === 'trigger' ? { duration: '1', units: 'ms' } : {});
      const changes = changing(inOwnFolder, quick, setting('ota-server', server));
      const surroundings = { packages: ['@flowfuse/node-red-dashboard'], files: { 'main.py': 'pass\n' } };
      const broker = await resources.use(startAedes());
      const deployed = await resources.use(Example.deploy(example, broker, changes, surroundings));
      // It looks once by itself.
      const times = 4;
      await deployed.nodeRed.logged(error);
      for (let time = 2; time <= times; time += 1) {
        await deployed.press();
        await deployed.nodeRed.logged(error);
      }
      await deployed.nodeRed.stop();
      assert.equal(deployed.nodeRed.log.all.filter((line) => error.test(line)).length, times);
    });
  }
});
