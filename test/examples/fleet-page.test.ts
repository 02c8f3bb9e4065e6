import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { hashOf } from '../../lib/protocol/announcement';
import { startAedes } from '../peers/brokers';
import { startBrowser } from '../peers/browser';
import { Example, inOwnFolder } from '../peers/example';
import { FleetPage } from '../peers/fleet-page';
import { describeNeeding } from '../peers/needing';
import { resourcesOfSuite } from '../peers/resources';
import { SimulatedFleet } from '../peers/simulated-fleet';

const version1 = Buffer.from('print("old")\n');
const version2 = Buffer.from('print("new")\n');
const version3 = Buffer.from('print("newer")\n');
const short = (bytes: Buffer) => hashOf(bytes, 'sha1').slice(0, 8);

const long = `lamp-${'n'.repeat(50)}`;

/** What a board might say to whoever looks at the page. */
const evil = '<img src=x onerror="document.title=1">';

describeNeeding(['chromium'], 'The example flow "Fleet page"', function () {
  this.timeout(60_000);
  const resources = resourcesOfSuite();

  let fleet: SimulatedFleet;
  let example: Example;
  let browserPage: Page;
  let page: FleetPage;

  before(async () => {
    const broker = await resources.use(startAedes());
    const reports = { reports: true };
    const behaviours = { DAYLAMP: reports, 'lamp-2': reports, 'lamp-10': reports, NIGHTLAMP: { closesAfterBytes: 1 } };
    const hostnames = ['DAYLAMP', 'NIGHTLAMP', 'lamp-2', 'lamp-10', 'SILENT', long];
    fleet = await resources.use(SimulatedFleet.start(broker.url, hostnames, behaviours));
    const old = { file: 'main.py', hash: hashOf(version1, 'sha1') };
    for (const hostname of ['DAYLAMP', 'lamp-10', 'lamp-2']) await fleet.get(hostname).report('running', old);
    await fleet.get('NIGHTLAMP').report('failed', { ...old, error: evil });
    const surroundings = { packages: ['@flowfuse/node-red-dashboard'], files: { 'main.py': version2.toString() } };
    example = await resources.use(Example.deploy('Fleet page', broker, inOwnFolder, surroundings));
    const browser = await resources.use(startBrowser());
    browserPage = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page = new FleetPage(browserPage);
    await page.open(example.nodeRed.url);
  });

  it('shows what each device has, in natural order, and who is behind the file of the folder', async () => {
    await page.says(/^main\.py, 13 bytes, from the folder\. Not known to have it: 4 of 4\.$/);
    await page.shows('DAYLAMP', `main.py ${short(version1)}`);
    await page.shows('DAYLAMP', 'behind');
    await page.shows('DAYLAMP', 'reported running');
    assert.deepEqual(await page.names(), ['DAYLAMP', 'lamp-2', 'lamp-10', 'NIGHTLAMP']);
  });

  it('shows what a device says as text, and never as HTML', async () => {
    await page.shows('NIGHTLAMP', `reported failed: ${evil}`);
    assert.equal(await browserPage.locator('.fleet img').count(), 0);
  });

  it('finds devices by a search, and shows those that have failed', async () => {
    await browserPage.getByRole('textbox', { name: 'Search' }).fill('lamp-1');
    await page.hides('lamp-2');
    assert.deepEqual(await page.names(), ['lamp-10']);
    await browserPage.getByRole('textbox', { name: 'Search' }).fill('');
    await page.filter('Failed 1');
    await page.hides('lamp-2');
    assert.deepEqual(await page.names(), ['NIGHTLAMP']);
    await page.filter('All 4');
    await page.shows('lamp-2', 'behind');
  });

  it('pushes the file to the devices that were chosen, and shows what they have then', async () => {
    await page.choose('DAYLAMP');
    await page.push('Push to 1');
    await page.shows('DAYLAMP', 'success');
    await page.shows('DAYLAMP', `main.py ${short(version2)}`);
    await page.says(/Not known to have it: 3 of 4\.$/);
    await page.rollout(/^Rollout complete: 1 of 1 updated, 0 failed$/);
    assert.deepEqual(fleet.having('main.py', version2), ['DAYLAMP']);
    assert.deepEqual(fleet.announced, ['DAYLAMP']);
  });

  it('shows a push that failed, with what happened and what to try', async () => {
    await page.choose('NIGHTLAMP');
    await page.push('Push to 1');
    await page.shows('NIGHTLAMP', 'failed');
    await page.shows('NIGHTLAMP', /NIGHTLAMP .*127\.0\.0\.1:\d+.*Push again/);
    await page.rollout(/^Rollout complete: 0 of 1 updated, 1 failed$/);
  });

  it('shows a device that never reports after the first push to it', async () => {
    await page.pushToOthers(['SILENT']);
    await page.shows('SILENT', 'success');
    assert.deepEqual(fleet.having('main.py', version2), ['DAYLAMP', 'SILENT']);
  });

  it('goes back to the version before, of which it shows the date', async () => {
    await example.save('main.py', version3.toString());
    await page.choose('DAYLAMP');
    await page.push('Push to 1', /^main\.py, 15 bytes/);
    await page.shows('DAYLAMP', `main.py ${short(version3)}`);
    await page.more('DAYLAMP');
    await browserPage.getByText(new RegExp(`^${short(version2)}, pushed .*20\\d\\d`)).waitFor();
    await browserPage.getByRole('button', { name: 'Go back' }).click();
    await page.shows('DAYLAMP', `main.py ${short(version2)}`);
    assert.deepEqual(fleet.get('DAYLAMP').files.get('main.py'), version2);
  });

  it('says that a board has taken a file back, and what it had before', async () => {
    const bad = { file: 'main.py', hash: 'bad0bad0'.repeat(5) };
    await fleet.get('DAYLAMP').report('installed', bad);
    await page.shows('DAYLAMP', 'main.py bad0bad0');
    await fleet.get('DAYLAMP').report('rolled_back', bad);
    await page.shows('DAYLAMP', 'took it back');
    await page.shows('DAYLAMP', `main.py ${short(version2)}`);
  });

  it('says that there is no such file in the folder', async () => {
    await page.chooseFile('missing.py');
    await page.says(/^missing\.py cannot be read: .*ENOENT/);
    await page.chooseFile('../secret.py');
    await browserPage.getByRole('alert').getByText('without a path').waitFor();
    await page.chooseFile('main.py');
    await page.says(/^main\.py, 15 bytes/);
    await browserPage.getByRole('alert').waitFor({ state: 'detached' });
  });

  it('pushes a file from the computer where the browser is', async () => {
    await page.upload('other.py', Buffer.from('print("uploaded")\n'));
    await page.says(/^other\.py, 18 bytes, from a computer\. Not known to have it: 5 of 5\.$/);
    await page.choose('lamp-2');
    await page.push('Push to 1');
    await page.says(/Not known to have it: 4 of 5\.$/);
    assert.equal(String(fleet.get('lamp-2').files.get('other.py')), 'print("uploaded")\n');
  });

  it('says of a file that is too large for the page where to put it', async () => {
    await page.upload('large.bin', Buffer.alloc(1_000_000));
    await browserPage.getByRole('alert').getByText('put it into the folder').waitFor();
    await page.says(/^other\.py/);
  });

  it('is the same when it is opened again, without what was asked before', async () => {
    await browserPage.reload();
    await page.shows('DAYLAMP', 'took it back');
    await page.shows('NIGHTLAMP', /Push again/);
    await page.says(/^other\.py, 18 bytes/);
  });

  it('forgets a device', async () => {
    await page.more('SILENT');
    await browserPage.getByRole('button', { name: 'Forget this device' }).click();
    await page.hides('SILENT');
  });

  it('has all of it within 390 px, each device below its name', async () => {
    await fleet.get(long).report('running', { file: `${'f'.repeat(60)}.py`, hash: hashOf(version1, 'sha1') });
    await browserPage.setViewportSize({ width: 390, height: 844 });
    await browserPage.reload();
    await page.shows('NIGHTLAMP', /Push again/);
    await page.shows(long, 'reported running');
    assert.deepEqual(await page.names(), ['DAYLAMP', 'lamp-2', 'lamp-10', long, 'NIGHTLAMP']);
    const width = await browserPage.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(width, 390);
    assert.deepEqual(await page.beyond(390), []);
    await page.choose('lamp-10');
    await page.push('Push to 1');
    await page.shows('lamp-10', 'success');
  });
});
