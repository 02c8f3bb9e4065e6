import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { hashOf } from '../../lib/protocol/announcement';
import { startAedes } from '../peers/brokers';
import { startBrowser } from '../peers/browser';
import { Example, type ExampleNode } from '../peers/example';
import { describeNeeding } from '../peers/needing';
import { resourcesOfSuite } from '../peers/resources';
import { SimulatedFleet } from '../peers/simulated-fleet';

const version1 = Buffer.from('print("old")\n');
const version2 = Buffer.from('print("new")\n');

describeNeeding(['chromium'], 'The example flow "Fleet page"', function () {
  this.timeout(60_000);
  const resources = resourcesOfSuite();

  let fleet: SimulatedFleet;
  let page: Page;

  before(async () => {
    const broker = await resources.use(startAedes());
    const behaviours = { DAYLAMP: { reports: true }, NIGHTLAMP: { closesAfterBytes: 1 } };
    fleet = await resources.use(SimulatedFleet.start(broker.url, ['DAYLAMP', 'NIGHTLAMP'], behaviours));
    const old = { file: 'main.py', hash: hashOf(version1, 'sha1') };
    await fleet.get('DAYLAMP').report('running', old);
    await fleet.get('NIGHTLAMP').report('failed', { ...old, error: 'no_space' });
    const file = ({ type, name }: ExampleNode, userDir: string) =>
      type === 'change' && name === 'the file'
        ? { rules: [{ t: 'set', p: 'filename', pt: 'msg', to: `${userDir}/main.py`, tot: 'str' }] }
        : {};
    const surroundings = { packages: ['@flowfuse/node-red-dashboard'], files: { 'main.py': version2.toString() } };
    const example = await resources.use(Example.deploy('Fleet page', broker, file, surroundings));
    const browser = await resources.use(startBrowser());
    page = await browser.newPage({ viewport: { width: 1200, height: 500 } });
    await page.goto(`${example.nodeRed.url}/dashboard/fleet`);
  });

  const row = (hostname: string) =>
    page.locator('tr', { has: page.getByRole('cell', { name: hostname, exact: true }) });
  const cell = (hostname: string, text: string) =>
    row(hostname).getByRole('cell', { name: text, exact: true }).waitFor();

  it('shows what each device runs and has reported last', async () => {
    await cell('DAYLAMP', `main.py ${hashOf(version1, 'sha1').slice(0, 8)}`);
    await cell('DAYLAMP', 'running');
    await cell('NIGHTLAMP', 'failed: no_space');
  });

  it('pushes the file to the device whose button is clicked, and shows what it runs then', async () => {
    await row('DAYLAMP').getByRole('button').click();
    await cell('DAYLAMP', 'success');
    await cell('DAYLAMP', `main.py ${hashOf(version2, 'sha1').slice(0, 8)}`);
    assert.deepEqual(fleet.having('main.py', version2), ['DAYLAMP']);
    assert.deepEqual(fleet.announced, ['DAYLAMP']);
  });

  it('shows a push that failed, with what to try, and lets its button be clicked again', async () => {
    await row('NIGHTLAMP').getByRole('button').click();
    await cell('NIGHTLAMP', 'failed');
    const [title] = await row('NIGHTLAMP')
      .locator('[title]')
      .evaluateAll((cells) => cells.map((one) => one.getAttribute('title')));
    assert.match(title ?? '', /NIGHTLAMP .*127\.0\.0\.1:\d+/);
    assert.equal(await row('NIGHTLAMP').getByRole('button').isEnabled(), true);
  });

  it('shows the program before when the board takes a new one back', async () => {
    const bad = { file: 'main.py', hash: 'bad0bad0'.repeat(5) };
    await fleet.get('DAYLAMP').report('installed', bad);
    await cell('DAYLAMP', 'main.py bad0bad0');
    await fleet.get('DAYLAMP').report('rolled_back', bad);
    await cell('DAYLAMP', 'rolled_back');
    await cell('DAYLAMP', `main.py ${hashOf(version2, 'sha1').slice(0, 8)}`);
  });

  it('is the same when it is opened again', async () => {
    await page.reload();
    await cell('DAYLAMP', 'success');
    await cell('NIGHTLAMP', 'failed');
  });
});
