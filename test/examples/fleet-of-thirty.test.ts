import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { hashOf } from '../../lib/protocol/announcement';
import { type AedesBroker, startAedes } from '../peers/brokers';
import { startBrowser } from '../peers/browser';
import { changing, Example, inOwnFolder, setting } from '../peers/example';
import { FleetPage } from '../peers/fleet-page';
import { describeNeeding } from '../peers/needing';
import { resourcesOfSuite } from '../peers/resources';
import type { Behaviour } from '../peers/simulated-device';
import { SimulatedFleet } from '../peers/simulated-fleet';

const version1 = Buffer.from('print("old")\n');
const version2 = Buffer.from(`# ${'x'.repeat(800_000)}\n`);
const short = (bytes: Buffer) => hashOf(bytes, 'sha1').slice(0, 8);

const all = Array.from({ length: 30 }, (_, index) => `lamp-${index + 1}`);
const upToDate = all.slice(0, 6);
const failing = ['lamp-11', 'lamp-20'];
const asleep = ['lamp-12', 'lamp-21'];
const slow = ['lamp-28', 'lamp-29', 'lamp-30'];
const silent = ['lamp-13', 'lamp-22'];

/** Of a device of this name. */
function behaviourOf(hostname: string): Behaviour {
  if (failing.includes(hostname)) return { reports: true, closesAfterBytes: 1 };
  if (asleep.includes(hostname)) return { reports: true, neverConnects: true };
  if (slow.includes(hostname)) return { reports: true, pausesMsAfterEachRead: 300 };
  return silent.includes(hostname) ? {} : { reports: true };
}

describeNeeding(
  ['chromium'],
  'The Fleet page with 30 devices, of which some fail, sleep, are slow or say nothing',
  function () {
    this.timeout(120_000);
    const resources = resourcesOfSuite();

    let fleet: SimulatedFleet;
    let example: Example;
    let browser: Browser;
    let page: FleetPage;
    let broker: AedesBroker;

    before(async () => {
      broker = await resources.use(startAedes());
      const behaviours = Object.fromEntries(all.map((hostname) => [hostname, behaviourOf(hostname)]));
      fleet = await resources.use(SimulatedFleet.start(broker.url, all, behaviours));
      for (const hostname of all.filter((one) => !silent.includes(one))) {
        const bytes = upToDate.includes(hostname) ? version2 : version1;
        await fleet.get(hostname).report('running', { file: 'main.py', hash: hashOf(bytes, 'sha1') });
      }
      const quick = setting('ota-rollout', { timeout: '3' });
      const surroundings = { packages: ['@flowfuse/node-red-dashboard'], files: { 'main.py': version2.toString() } };
      example = await resources.use(Example.deploy('Fleet page', broker, changing(inOwnFolder, quick), surroundings));
      browser = await resources.use(startBrowser());
      page = new FleetPage(await browser.newPage({ viewport: { width: 1280, height: 800 } }));
      await page.open(example.nodeRed.url);
    });

    it('finds those that are behind, of those that have reported', async () => {
      await page.says(/Not known to have it: 22 of 28\.$/);
      await page.filter('Behind 22');
      await page.hides('lamp-1');
      assert.equal((await page.names())[0], 'lamp-7');
      await page.filter('All 28');
    });

    it('is right after Node-RED was killed half-way', async () => {
      await page.chooseBehind();
      await page.push('Push to 22');
      await page.rollout(/^Wave 3 of 3/);
      await page.shows('lamp-7', 'success');
      await page.shows('lamp-28', /^[1-9]\d? %$/);
      const had = fleet.having('main.py', version2);
      const cutOff = slow.filter((hostname) => !had.includes(hostname)).map((hostname) => fleet.get(hostname));
      const ends = cutOff.map((one) =>
        Promise.race(['installed', 'mismatch', 'broken'].map((event) => one.next(event))),
      );
      await example.nodeRed.kill();
      await Promise.all(ends);
      await restart();
      await page.shows('lamp-7', `main.py ${short(version2)}`);
      const has = fleet.having('main.py', version2).length + upToDate.length;
      await page.says(new RegExp(`Not known to have it: ${28 - has} of 28\\.$`));
      await page.isIdle();
    });

    it('pushes to those that are still behind, and to those that never report', async () => {
      await page.pushToOthers(silent);
      await page.shows('lamp-13', 'success');
      await page.shows('lamp-22', `main.py ${short(version2)}`);
      await page.rollout(/^Rollout complete: 2 of 2/);
      const number = await page.chooseBehind();
      await page.push(`Push to ${number}`);
      await page.rollout(/^Rollout complete: \d+ of \d+ updated, 4 failed$/);
      await page.says(/Not known to have it: 4 of 30\.$/);
      await page.filter('Failed 4');
      await page.hides('lamp-7');
      assert.deepEqual(await page.names(), ['lamp-11', 'lamp-12', 'lamp-20', 'lamp-21']);
      await page.shows('lamp-11', /dropped the connection/);
      await page.shows('lamp-12', /Nothing connected to/);
      await page.filter('All 30');
      const bad = [...failing, ...asleep];
      const well = [...slow, ...silent, ...all.slice(6)].filter((one) => !bad.includes(one));
      assert.deepEqual(new Set(fleet.having('main.py', version2)), new Set(well));
    });

    it('stops a rollout, after which nobody is under way', async () => {
      await example.save('main.py', version2.toString().replace('x', 'y'));
      await page.choose('lamp-28');
      await page.push('Push to 1', /800,003 bytes/);
      await page.shows('lamp-28', /^[1-9]\d? %$/);
      await page.press('Stop');
      await page.rollout(/^Rollout cancelled: 0 of 1 updated, 0 failed, 1 not tried$/);
      await page.isIdle();
      await page.shows('lamp-28', 'cancelled');
    });

    it('takes one back to what it had, on a phone too', async () => {
      await example.save('main.py', 'print("newest")\n');
      await page.choose('lamp-7');
      await page.push('Push to 1', /^main\.py, 16 bytes/);
      await page.shows('lamp-7', `main.py ${short(Buffer.from('print("newest")\n'))}`);
      page = new FleetPage(await browser.newPage({ viewport: { width: 390, height: 844 } }));
      await page.open(example.nodeRed.url);
      await page.more('lamp-7');
      await page.press('Go back');
      await page.shows('lamp-7', `main.py ${short(version2)}`);
      assert.ok(fleet.get('lamp-7').files.get('main.py')?.equals(version2));
    });

    it('knows all of it after a restart of Node-RED', async () => {
      await restart();
      await page.shows('lamp-7', `main.py ${short(version2)}`);
      await page.shows('lamp-11', /dropped the connection/);
      await page.shows('lamp-22', 'success');
      await page.isIdle();
    });

    /** Starts Node-RED anew where it was, and opens the page anew: Dashboard does so too, some time after it has connected again. */
    async function restart(): Promise<void> {
      await example.restart();
      await page.open(example.nodeRed.url);
    }
  },
);
