import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { startAedes } from './peers/brokers';
import { startBrowser } from './peers/browser';
import { Editor, inFlow } from './peers/editor';
import { Example, injecting, inOwnFolder } from './peers/example';
import { FleetPage } from './peers/fleet-page';
import { peers } from './peers/peers';
import { Resources } from './peers/resources';
import { root } from './peers/root';
import { lamps, SimulatedFleet } from './peers/simulated-fleet';

const pathOf = (picture: string) => join(root, 'docs', `${picture}.png`);

/** The part of the canvas that has nodes on it. */
async function takeCanvas(page: Page, picture: string, width: number, height: number): Promise<void> {
  const box = await page.locator('#red-ui-workspace-chart').boundingBox();
  if (!box) throw new Error('there is no canvas');
  await page.screenshot({ path: pathOf(picture), clip: { x: box.x, y: box.y + 30, width, height } });
}

/** The flow "Push one file" after a success, and the dialog of its OTA push. */
async function takeEditor(resources: Resources): Promise<void> {
  const editor = await resources.use(Editor.open());
  const { page } = editor;
  await page.setViewportSize({ width: 1700, height: 1000 });
  await page.locator(`[id="${inFlow.inject}"] .red-ui-flow-node-button-button`).click();
  await page.locator('.red-ui-debug-msg').first().waitFor({ state: 'attached' });
  await page.locator(`[id="${inFlow.push}"] .red-ui-flow-node-status-label`, { hasText: 'delivered' }).waitFor();
  await takeCanvas(page, 'flow', 1040, 190);
  await editor.edit(inFlow.push);
  const tray = await page.locator('.red-ui-tray').last().boundingBox();
  if (!tray) throw new Error('there is no dialog');
  await page.screenshot({ path: pathOf('dialog'), clip: { ...tray, height: 400 } });
}

/** "Canary rollout" in its last wave. */
async function takeRollout(resources: Resources): Promise<void> {
  const broker = await resources.use(startAedes());
  const targets = lamps(30);
  const slow = { reports: true, pausesMsAfterEachRead: 1500 };
  const behaviours = Object.fromEntries(targets.map((name, index) => [name, index % 3 ? { reports: true } : slow]));
  await resources.use(SimulatedFleet.start(broker.url, targets, behaviours));
  const changes = injecting({ targets, filename: 'main.py' });
  const files = { 'main.py': `# ${'x'.repeat(200_000)}\n` };
  const example = await resources.use(Example.deploy('Canary rollout', broker, changes, { files }));
  const page = await (await resources.use(startBrowser())).newPage({ viewport: { width: 1500, height: 800 } });
  await page.goto(example.nodeRed.url);
  const status = page.locator(`[id="${example.node('ota-rollout').id}"] .red-ui-flow-node-status-label`);
  await status.waitFor({ state: 'attached' });
  // The welcome of a new Node-RED.
  await page.locator('.red-ui-tourGuide-popover').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.red-ui-tourGuide-shade').waitFor({ state: 'detached' });
  await example.press('roll out');
  for (const wave of ['2', '3']) {
    await status.filter({ hasText: /paus/i }).waitFor();
    await example.press('go on');
    await status.filter({ hasText: `wave ${wave}` }).waitFor();
  }
  await takeCanvas(page, 'rollout', 1000, 380);
}

/** The page of "Fleet page" in the last wave of a rollout, on a desk; and on a phone what has failed. */
async function takeFleet(resources: Resources): Promise<void> {
  const broker = await resources.use(startAedes());
  const slow = { reports: true, pausesMsAfterEachRead: 1500 };
  const failing = { reports: true, closesAfterBytes: 1 };
  const names = ['balcony', 'doorbell', 'lamp-1', 'lamp-2', 'lamp-3', 'lamp-10', 'thermostat'];
  const behaviours = Object.fromEntries(names.map((name) => [name, { reports: true }]));
  const others = { 'lamp-2': failing, 'lamp-3': slow, 'lamp-10': slow };
  await resources.use(SimulatedFleet.start(broker.url, names, { ...behaviours, ...others }));
  const surroundings = { packages: ['@flowfuse/node-red-dashboard'], files: { 'main.py': 'print("old")\n' } };
  const example = await resources.use(Example.deploy('Fleet page', broker, inOwnFolder, surroundings));
  const browserPage = await (await resources.use(startBrowser())).newPage({ viewport: { width: 1100, height: 940 } });
  const page = new FleetPage(browserPage);
  await page.open(example.nodeRed.url);
  await page.pushToOthers(names);
  await page.rollout(/^Rollout complete/);
  await example.save('main.py', `# ${'x'.repeat(600_000)}\n`);
  await page.choose('lamp-1');
  for (const name of names.filter((one) => one !== 'lamp-1')) await page.choose(name);
  await page.push('Push to 7', /600,003 bytes/);
  await page.rollout(/^Wave 3 of 3: .* 1 failed$/);
  await browserPage.screenshot({ path: pathOf('fleet'), animations: 'disabled' });
  await page.rollout(/^Rollout complete/);
  await browserPage.setViewportSize({ width: 390, height: 900 });
  await browserPage.reload();
  await page.filter('Failed 1');
  await page.hides('balcony');
  await browserPage.screenshot({ path: pathOf('fleet-phone'), animations: 'disabled' });
}

/** The test of Home Assistant's dialog takes it. */
function takeHomeAssistant(): void {
  const test = 'test/examples/home-assistant/update-entities.test.ts';
  const env = { ...process.env, HOME_ASSISTANT_PICTURE: pathOf('home-assistant') };
  execFileSync('npx', ['mocha', test, '--grep', 'press of Install in the page'], { cwd: root, env, stdio: 'inherit' });
}

/** Takes the pictures of the documents anew: `npm run pictures`. Needs the peers Chromium and, for its picture, Home Assistant. */
async function main(): Promise<void> {
  for (const take of [takeEditor, takeRollout, takeFleet]) {
    const resources = new Resources();
    try {
      await take(resources);
    } finally {
      await resources.end();
    }
  }
  if (peers['home-assistant'].isThere()) takeHomeAssistant();
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
