import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { startMosquitto, type WatchedBroker } from '../peers/brokers';
import { Editor } from '../peers/editor';
import { describeNeeding } from '../peers/needing';
import { NodeRedProcess } from '../peers/node-red-process';
import { installPacked } from '../peers/packed';
import { resourcesOfEachTest, resourcesOfSuite } from '../peers/resources';
import { root } from '../peers/root';
import { SimulatedDevice } from '../peers/simulated-device';

/** What is written on what people press, in the editor and in our dialogs. */
const languages = {
  'en-US': { menu: 'Import', examples: 'Examples', done: 'Done', update: 'Update', test: 'Test now', deploy: 'Deploy' },
  de: {
    menu: 'Import',
    examples: 'Beispiele',
    done: 'Fertig',
    update: 'Aktualisieren',
    test: 'Jetzt testen',
    deploy: 'Übernahme (deploy)',
  },
} as const;

const program = join(root, 'demo/main.py');
/** From the empty editor to the success: no more than that was ever needed. */
const mostClicks = 25;

describeNeeding(['chromium', 'mosquitto'], 'Somebody who has just installed the package', function () {
  this.timeout(120_000);
  const installed = resourcesOfSuite();
  const resources = resourcesOfEachTest();
  let userDir: string;

  before(async () => {
    userDir = await installPacked(installed);
  });

  for (const [locale, words] of Object.entries(languages)) {
    it(`gets a board its first update with what the editor shows, by mouse and keyboard: ${locale}`, async () => {
      const broker = await resources.use(startMosquitto());
      const device = await resources.use(
        SimulatedDevice.start({ hostname: 'lamp', brokerUrl: broker.url, reports: true }),
      );
      const nodeRed = await resources.use(NodeRedProcess.start(userDir, `flows-${locale}.json`));
      const editor = await resources.use(Editor.open({ locale, at: nodeRed.url }));
      editor.page.setDefaultTimeout(10_000);
      const newcomer = new Newcomer(editor, words);
      await newcomer.importExample();
      await newcomer.sayWhatToWhom('lamp', program);
      await newcomer.setServerUp(broker);
      await newcomer.deployAndPress();
      assert.match(await newcomer.read(/^"?lamp: /), /^lamp: success\. /);
      assert.deepEqual(device.files.get('main.py'), await readFile(program));
      assert.deepEqual(editor.errors, []);
      assert.ok(newcomer.clicks <= mostClicks, `it took ${newcomer.clicks} clicks`);
    });
  }
});

/** A person in front of the editor, who finds things by the words on them and by where they are. */
class Newcomer {
  #clicks = 0;

  constructor(
    readonly editor: Editor,
    readonly words: (typeof languages)[keyof typeof languages],
  ) {}

  /** So many it took; a double click is two. */
  get clicks(): number {
    return this.#clicks;
  }

  async importExample(): Promise<void> {
    const { page } = this.editor;
    const dialog = page.locator('.ui-dialog:visible');
    await this.#click(page.locator('#red-ui-header-button-sidemenu'));
    await this.#click(page.locator('#red-ui-header-button-sidemenu-submenu a', { hasText: this.words.menu }));
    await this.#click(dialog.getByText(this.words.examples, { exact: true }).first());
    await this.#click(dialog.getByText('node-red-contrib-ota-push', { exact: true }));
    await this.#click(dialog.getByText('Push one file', { exact: true }));
    await this.#click(dialog.getByRole('button', { name: 'Import', exact: true }));
    await this.#click(page.locator('.red-ui-tab-label', { hasText: 'Push one file' }));
  }

  async sayWhatToWhom(hostname: string, path: string): Promise<void> {
    await this.#open('main.py to NIGHTLAMP');
    await this.#retype('NIGHTLAMP', hostname);
    await this.#retype('/data/nightlamp/main.py', path);
    await this.#press(this.words.done);
  }

  /** The example brings a server, and a broker that nobody has deployed yet: nothing in the test is red for it. */
  async setServerUp({ host, port }: WatchedBroker): Promise<void> {
    const { page } = this.editor;
    await this.#open('OTA push');
    await this.#openFrom('server');
    await this.#click(page.getByRole('button', { name: this.words.test }));
    await page.locator('.ota-test-good').first().waitFor();
    assert.deepEqual(await page.locator('.ota-test-bad').allInnerTexts(), []);
    await this.#openFrom('broker');
    await this.#retype('localhost', host);
    await this.#retype('1883', String(port));
    await this.#press(this.words.update);
    await this.#press(this.words.update);
    await this.#press(this.words.done);
  }

  /** Deploys, waits until the node is connected, and presses the button beside the inject node. */
  async deployAndPress(): Promise<void> {
    const { page } = this.editor;
    await this.#click(page.locator('#red-ui-tab-debug-link-button'));
    await this.#click(page.locator('#red-ui-header-button-deploy', { hasText: this.words.deploy }));
    await this.#node('OTA push')
      .locator('.red-ui-flow-node-status-label', { hasText: /^(connected|Verbunden)$/ })
      .waitFor();
    await this.#click(this.#node('main.py to NIGHTLAMP').locator('.red-ui-flow-node-button-button'));
  }

  /** The next text in the debug sidebar that is like this. */
  async read(text: RegExp): Promise<string> {
    const shown = this.editor.page.locator('.red-ui-debug-msg-payload', { hasText: text }).first();
    return ((await shown.textContent()) ?? '').trim().replace(/^"|"$/g, '');
  }

  #node(label: string): Locator {
    return this.editor.page.locator('.red-ui-flow-node-group', { hasText: label });
  }

  async #click(target: Locator): Promise<void> {
    this.#clicks += 1;
    await target.click();
  }

  /** Double clicks a node, once the dialog before is out of the way. */
  async #open(label: string): Promise<void> {
    this.#clicks += 2;
    await this.#untilDepth(0);
    await this.#node(label).locator('rect.red-ui-flow-node').dblclick();
    await this.#untilOpen(1);
  }

  /** Presses the pencil behind a choice in the dialog on top. */
  async #openFrom(property: 'server' | 'broker'): Promise<void> {
    const depth = await this.#depth();
    await this.#click(this.editor.page.locator(`.form-row:has([id$="-input-${property}"]) .fa-pencil`));
    await this.#untilOpen(depth + 1);
  }

  /** Finds the field that shows this, marks all that is in it, and types. */
  async #retype(shown: string, text: string): Promise<void> {
    const { page } = this.editor;
    for (const field of await this.#dialog().locator('input:visible').all()) {
      if ((await field.inputValue()) !== shown) continue;
      await this.#click(field);
      await page.keyboard.press('Control+A');
      await page.keyboard.type(text);
      return;
    }
    assert.fail(`No field shows ${shown}.`);
  }

  /** Presses a button of the dialog on top, and waits until that has gone. */
  async #press(words: string): Promise<void> {
    const depth = await this.#depth();
    await this.#click(this.#dialog().getByRole('button', { name: words }));
    await this.#untilDepth(depth - 1);
  }

  /** Of dialogs that lie upon each other only the one on top is in the page. */
  #dialog(): Locator {
    return this.editor.page.locator('.red-ui-tray');
  }

  /** How many dialogs lie upon each other. */
  #depth(): Promise<number> {
    return this.editor.evaluate(depth);
  }

  /** Until so many dialogs lie upon each other. */
  async #untilDepth(count: number): Promise<void> {
    await this.editor.page.waitForFunction(`${depth} === ${count}`);
  }

  /** Until one more has opened, and has slid in: it takes the focus then. */
  async #untilOpen(count: number): Promise<void> {
    await this.#untilDepth(count);
    await this.editor.page.waitForFunction("document.querySelector('.red-ui-tray')?.contains(document.activeElement)");
  }
}

const depth = "document.querySelectorAll('.red-ui-tray-breadcrumbs li').length";
