import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { hashOf } from '../../nodes/lib/push/announcement';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { startBrowser } from '../peers/browser';
import { Example, type ExampleNode } from '../peers/example';
import { SimulatedFleet } from '../peers/simulated-fleet';

const version1 = Buffer.from('print("old")\n');
const version2 = Buffer.from('print("new")\n');

describe('The example flow "Fleet page"', function () {
  this.timeout(60_000);
  let broker: AedesBroker;
  let fleet: SimulatedFleet;
  let example: Example;
  let browser: Browser;
  let page: Page;

  before(async () => {
    broker = await startAedes();
    fleet = await SimulatedFleet.start(broker.url, ['DAYLAMP', 'NIGHTLAMP'], {
      DAYLAMP: { reports: true },
      NIGHTLAMP: { closesAfterBytes: 1 },
    });
    const old = { file: 'main.py', hash: hashOf(version1, 'sha1') };
    await fleet.get('DAYLAMP').report('running', old);
    await fleet.get('NIGHTLAMP').report('failed', { ...old, error: 'no_space' });
    const file = ({ type, name }: ExampleNode, userDir: string) =>
      type === 'change' && name === 'the file'
        ? { rules: [{ t: 'set', p: 'filename', pt: 'msg', to: `${userDir}/main.py`, tot: 'str' }] }
        : {};
    example = await Example.deploy('Fleet page', broker, file, {
      packages: ['@flowfuse/node-red-dashboard'],
      files: { 'main.py': version2.toString() },
    });
    browser = await startBrowser();
    page = await browser.newPage({ viewport: { width: 1200, height: 500 } });
    await page.goto(`${example.nodeRed.url}/dashboard/fleet`);
  });

  after(async () => {
    await browser?.close();
    await example?.stop();
    await fleet.stop();
    await broker.stop();
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
