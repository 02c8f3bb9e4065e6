import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { ConsoleMessage, Locator, Page } from 'playwright-core';
import { startBrowser } from './browser';
import { loadFonts } from './fonts';
import { Resources } from './resources';
import { root } from './root';

/** Nodes of the flow "Push one file", which the demo runs. */
export const inFlow = { inject: 'c93b60d1e8f4a572', push: 'd86f031b9e4ca257', server: '7b94e2d06c8f1a35' };

/** The dialogs of a node and of a config node. */
export const pushForm = '#dialog-form';
export const serverForm = '#node-config-dialog-edit-form';

/** Of a list to choose from: what the choices have no room in, paddings included. */
const arrowWidth = 36;

/** Node-RED's editor in a browser, with the demo behind it: this package as built, a broker and a simulated device. */
export class Editor {
  /** What the browser's console says of errors in the editor's own pages and scripts. */
  readonly errors: string[] = [];
  readonly #resources: Resources;

  /** @param locale of the browser, and so of the editor @param at the address of a Node-RED that runs; without one, the demo is started */
  static async open({ locale = 'en-US', at }: { locale?: string; at?: string } = {}): Promise<Editor> {
    const resources = new Resources();
    try {
      const browser = await resources.use(startBrowser());
      const url = at ?? (await startDemo(resources));
      const page = await browser.newPage({ locale, viewport: { width: 1500, height: 1000 } });
      page.setDefaultTimeout(30_000);
      const editor = new Editor(page, url, resources);
      await editor.#load();
      return editor;
    } catch (error) {
      await resources.end();
      throw error;
    }
  }

  private constructor(
    readonly page: Page,
    readonly url: string,
    resources: Resources,
  ) {
    this.#resources = resources;
  }

  /** A value of the editor's own script, as JSON carries it. */
  evaluate<Value>(expression: string): Promise<Value> {
    return this.page.evaluate(expression);
  }

  /** Adds a node to the flow, and deploys it. */
  async add(node: { readonly id: string } & Record<string, unknown>): Promise<void> {
    const flows = (await (await fetch(`${this.url}/flows`)).json()) as { id: string; type: string }[];
    const tab = flows.find(({ type }) => type === 'tab')?.id;
    await fetch(`${this.url}/flows`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([...flows, { z: tab, x: 150, y: 40, wires: [], ...node }]),
    });
    await this.#goto();
  }

  /** Shows these flows in place of those before. Nothing in them is started. */
  async show(nodes: readonly { readonly type: string }[]): Promise<void> {
    const disabled = nodes.map((node) => (node.type === 'tab' ? { ...node, disabled: true } : node));
    await fetch(`${this.url}/flows`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(disabled),
    });
    await this.#goto();
  }

  /** What of the flow on the canvas is in the way of something else, in words; places are the canvas's own. */
  crossings(): Promise<string[]> {
    return this.evaluate(`(() => {
      const nodes = RED.nodes.filterNodes({ z: RED.workspaces.active() });
      const nameOf = (node) => node.name || node.type;
      const isIn = ({ x, y }, node, margin) =>
        Math.abs(x - node.x) < node.w / 2 + margin && Math.abs(y - node.y) < node.h / 2 + margin;
      const found = [];
      for (const [index, node] of nodes.entries()) {
        if (node.x + node.w / 2 > 1000 || node.x - node.w / 2 < 0) found.push(nameOf(node) + ' lies beyond the edge');
        for (const other of nodes.slice(index + 1)) {
          const touches = Math.abs(node.x - other.x) < (node.w + other.w) / 2 && Math.abs(node.y - other.y) < (node.h + other.h) / 2;
          if (touches) found.push(nameOf(node) + ' lies on ' + nameOf(other));
        }
      }
      for (const path of document.querySelectorAll('.red-ui-flow-link-line')) {
        const { source, target } = path.parentNode.__data__;
        const others = nodes.filter((node) => node !== source && node !== target);
        const places = Array.from({ length: 101 }, (_, i) => path.getPointAtLength((path.getTotalLength() * i) / 100));
        for (const node of others) {
          if (places.some((place) => isIn(place, node, 1))) found.push('the wire from ' + nameOf(source) + ' to ' + nameOf(target) + ' runs behind ' + nameOf(node));
        }
        // Not its ends, where it leaves one and reaches the other.
        for (const node of [source, target]) {
          if (places.slice(5, 96).some((place) => isIn(place, node, -4))) found.push('the wire from ' + nameOf(source) + ' to ' + nameOf(target) + ' runs behind ' + nameOf(node) + ' itself');
        }
      }
      return found;
    })()`);
  }

  /** Opens the dialog of a node of the flow. */
  async edit(id: string): Promise<void> {
    const form = this.page.locator(pushForm);
    const node = this.page.locator(`[id="${id}"] rect.red-ui-flow-node`);
    const isOpenIn = (timeout: number) =>
      form.waitFor({ timeout }).then(
        () => true,
        () => false,
      );
    // The editor swallows a double click while the dialog before is still sliding out, and one that comes in slow motion.
    do {
      try {
        await node.dblclick({ timeout: 10_000 });
      } catch (error) {
        if (!(await form.isVisible())) throw error;
      }
    } while (!(await isOpenIn(3000)));
    await this.#untilFocused(pushForm);
  }

  /** Opens, from the dialog of an OTA push, that of its server. */
  async editServer(): Promise<void> {
    await this.page.locator('.form-row:has(#node-input-server) .fa-pencil').click();
    await this.#untilFocused(serverForm);
  }

  /** Unfolds what the open dialog of a node of this type has under More. */
  async unfold(type: string): Promise<void> {
    await this.page.locator(`#${type}-more summary`).click();
  }

  /** The labels that are to be seen in a form, top down. */
  async labels(form: string): Promise<string[]> {
    const shown = await this.page.locator(form).locator('.form-row > label:visible, summary').allInnerTexts();
    return shown.map((label) => label.trim());
  }

  /** Opens the help of the nodes that are called so. @returns the help text */
  async help(label: string): Promise<Locator> {
    await this.page.locator('#red-ui-tab-help-link-button').click();
    await this.page.locator('.red-ui-sidebar-help-toc .red-ui-node-label', { hasText: label }).click();
    return this.page.locator('.red-ui-help');
  }

  /** Leaves the dialog on top by one of its buttons. */
  async leave(button: 'ok' | 'cancel'): Promise<void> {
    const isServer = await this.page.locator(serverForm).isVisible();
    await this.page.locator(`#node-${isServer ? 'config-' : ''}dialog-${button}`).click();
    await this.page.locator(isServer ? serverForm : pushForm).waitFor({ state: 'detached' });
    // What has changed is drawn in the next frame.
    await this.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
  }

  /** What a user sees of a typed input. */
  typed(property: string): Locator {
    return this.page.locator(`#node-input-${property} + .red-ui-typedInput-container`);
  }

  /** Types into a typed input of the open dialog, and leaves it. */
  async enter(property: string, type: string, value: string): Promise<void> {
    await this.typed(property).locator('.red-ui-typedInput-type-select').click();
    await this.page.locator(`.red-ui-typedInput-options:visible a[value="${type}"]`).click();
    await this.typed(property).locator('input').fill(value);
    await this.typed(property).locator('input').blur();
  }

  /** Where the fields of the open dialog stand, and how high their labels are. */
  fieldBoxes(): Promise<{ left: number; right: number; labelHeight: number }[]> {
    return this.evaluate(
      `[...document.querySelectorAll('${pushForm} .form-row')].filter((row) => row.offsetHeight).map((row) => {
        const field = row.querySelector('.red-ui-typedInput-container') ?? row.querySelector('div, input:not([type=checkbox]), select, .ota-checkbox');
        const { left, right } = field.getBoundingClientRect();
        return { left: Math.round(left), right: Math.round(right), labelHeight: row.querySelector('label').offsetHeight };
      })`,
    );
  }

  /**
   * The labels of the rows of a form, hidden ones included, in which something is cut off or broken: the label, what the
   * field shows as long as it is empty, or one of the choices. Fields are filled with that.
   */
  cutOff(form: string): Promise<string[]> {
    // A text that is too long for its field makes the field wide inside, a placeholder does not.
    return this.evaluate(
      `[...document.querySelectorAll('${form} .form-row')].filter((row) => {
        // Parts of a pixel are rounded up for one and down for the other.
        const isWider = ({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1;
        $(row).show();
        const label = row.querySelector('label');
        const input = row.querySelector('input[placeholder]');
        if (input) Object.assign(input, { type: 'text', value: input.placeholder });
        const select = row.querySelector('select:not([id$=server], [id$=broker])');
        const room = select ? select.clientWidth - ${arrowWidth} : 0;
        const choices = [...(select?.options ?? [])].map((option) => {
          const text = $('<span>').css({ font: getComputedStyle(select).font, whiteSpace: 'nowrap' }).text(option.text).appendTo(row);
          const { width } = text[0].getBoundingClientRect();
          text.remove();
          return width > room ? option.text : '';
        });
        return label.offsetHeight > 25 || isWider(label) || (input && isWider(input)) || choices.some(Boolean) || row.querySelector('.ota-checkbox')?.offsetHeight > 30;
      }).map((row) => row.querySelector('label').innerText)`,
    );
  }

  /** Checks what is to be seen in each of the fonts that people see it in, whatever this machine has. */
  async inEachFont(check: (family: string) => Promise<void>): Promise<void> {
    for (const { family, face } of await loadFonts()) {
      const style = `${face} :root { --red-ui-primary-font: '${family}' !important; }`;
      const element = await this.page.addStyleTag({ content: style });
      await this.evaluate(`document.fonts.load("14px '${family}'").then(() => undefined)`);
      await check(family);
      await element.evaluate('(style) => style.remove()');
    }
  }

  /** Makes the dialog on top so many pixels wide. */
  async resize(width: number): Promise<void> {
    await this.evaluate(`(() => {
      $('.red-ui-tray').last().width(${width});
      RED.tray.resize();
    })()`);
  }

  /** Whether a field is marked as one whose value is wrong. */
  async hasError(field: Locator): Promise<boolean> {
    return ((await field.getAttribute('class')) ?? '').split(' ').includes('input-error');
  }

  /** Whether a node of the flow is marked as one that has a wrong value. */
  isMarked(id: string): Promise<boolean> {
    return this.page.locator(`[id="${id}"] .red-ui-flow-node-error`).isVisible();
  }

  /** Closes what is open, and takes back what was not deployed. */
  async undoAll(): Promise<void> {
    for (const form of [serverForm, pushForm]) {
      if (await this.page.locator(form).isVisible()) await this.leave('cancel');
    }
    await this.evaluate('(() => { while (RED.nodes.dirty()) RED.history.pop(); })()');
  }

  /** Presses Deploy; resolves to the flows that the server then runs. */
  async deploy(): Promise<Record<string, unknown>[]> {
    await Promise.all([
      this.page.waitForResponse((response) => response.request().method() === 'POST'),
      this.page.locator('#red-ui-header-button-deploy').click(),
    ]);
    return (await fetch(`${this.url}/flows`)).json() as Promise<Record<string, unknown>[]>;
  }

  async close(): Promise<void> {
    await this.#resources.end();
  }

  async #load(): Promise<void> {
    this.page.on('pageerror', (error) => this.errors.push(String(error)));
    this.page.on('console', (message) => this.#note(message));
    // The editor asks for the catalogue of all nodes: a test needs no internet.
    await this.page.route(
      (address) => address.origin !== this.url,
      (route) => route.abort(),
    );
    await this.#goto();
  }

  async #goto(): Promise<void> {
    await this.page.goto(this.url);
    await this.page.locator('.red-ui-palette-node[data-palette-type="ota-push"]').waitFor({ state: 'attached' });
    await this.page.locator('#red-ui-loading-progress').waitFor({ state: 'hidden' });
    // A Node-RED that was just installed has no nodes to show.
    await this.page.waitForFunction(
      "document.querySelector('.red-ui-flow-node') || RED.nodes.filterNodes({}).length === 0",
    );
  }

  /** A dialog that has opened takes the focus: what is typed until then may get lost. */
  async #untilFocused(form: string): Promise<void> {
    await this.page.waitForFunction(
      `document.querySelector('${form}')?.closest('.red-ui-tray-body').contains(document.activeElement)`,
    );
  }

  /** The editor only logs what a node's own functions throw. */
  #note(message: ConsoleMessage): void {
    const isOwn = message.location().url.startsWith(this.url);
    const isError = message.type() === 'error' || /^(Validation|Definition) error/.test(message.text());
    if (isOwn && isError) this.errors.push(`${message.text()} (${message.location().url})`);
  }
}

/** Starts what `npm start` starts; resolves to the editor's address once the first push has ended. */
async function startDemo(resources: Resources): Promise<string> {
  const demo = spawn(process.execPath, ['--require', 'tsx/cjs', 'demo/start.ts'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(demo, 'exit');
  const complaints = text(demo.stderr);
  resources.defer(async () => {
    demo.kill('SIGINT');
    await exited;
  });
  let url: string | undefined;
  for await (const line of createInterface({ input: demo.stdout })) {
    url ??= /Node-RED runs with .*: (http:\S+)$/.exec(line)?.[1];
    // Only from here on does it end in good order.
    if (url && line.includes('Ctrl-C ends')) {
      demo.stdout.resume();
      return url;
    }
  }
  throw new Error(`The demo has ended: ${await complaints}`);
}
