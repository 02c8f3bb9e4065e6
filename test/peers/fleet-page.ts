import type { Locator, Page } from 'playwright-core';

/** The page of the example flow "Fleet page", as its users see and touch it. */
export class FleetPage {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Opens the page of this Node-RED. */
  async open(url: string): Promise<void> {
    await this.#page.goto(`${url}/dashboard/fleet`);
    await this.#page.locator('.fleet').waitFor();
  }

  row(hostname: string): Locator {
    return this.#page.locator('tr', { has: this.#page.getByText(hostname, { exact: true }) }).first();
  }

  /** Waits until a device's row has this text: all of an element of it, or a part that is like this. */
  async shows(hostname: string, text: string | RegExp): Promise<void> {
    await this.row(hostname).getByText(text, { exact: true }).first().waitFor();
  }

  /** Waits until a device has no row. */
  async hides(hostname: string): Promise<void> {
    await this.row(hostname).waitFor({ state: 'detached' });
  }

  /** The devices that are to be seen, from above. */
  names(): Promise<string[]> {
    return this.#page.locator('.fleet-name').allTextContents();
  }

  /** Waits for what is said of the file. */
  async says(text: RegExp): Promise<void> {
    await this.#page.locator('.fleet-says').filter({ hasText: text }).first().waitFor();
  }

  /** Waits for what is said of the rollout. */
  async rollout(text: RegExp): Promise<void> {
    await this.#page.getByRole('status').getByText(text).waitFor();
  }

  async filter(title: string): Promise<void> {
    await this.#page.locator('.v-chip-group .v-chip', { hasText: title }).click();
  }

  /** Shows more of a device. */
  async more(hostname: string): Promise<void> {
    await this.#page.getByRole('button', { name: `More about ${hostname}`, exact: true }).click();
  }

  async choose(hostname: string): Promise<void> {
    await this.#page.getByLabel(`Choose ${hostname}`, { exact: true }).check();
  }

  /** Chooses all that are behind; how many they are. */
  async chooseBehind(): Promise<number> {
    await this.press('Choose all behind');
    const text = await this.#page.getByRole('button', { name: /^Push to \d+…$/ }).textContent();
    return Number(text?.match(/\d+/)?.[0]);
  }

  /** Presses the button with this text. */
  async press(name: string): Promise<void> {
    await this.#page.getByRole('button', { name, exact: true }).click();
  }

  /** Waits until nothing is under way. */
  async isIdle(): Promise<void> {
    await this.#page.getByRole('button', { name: 'Stop', exact: true }).waitFor({ state: 'detached' });
    await this.#page.locator('.fleet-push').first().waitFor({ state: 'detached' });
  }

  /** Chooses a file of the folder. */
  async chooseFile(filename: string): Promise<void> {
    const field = this.#page.getByRole('combobox', { name: 'File in the folder' });
    await field.fill(filename);
    await field.press('Enter');
  }

  async upload(name: string, buffer: Buffer): Promise<void> {
    await this.#page.locator('input[type=file]').setInputFiles({ name, mimeType: 'text/plain', buffer });
  }

  /**
   * Presses the button, and again the one of the dialog that asks whether that is meant.
   * @param saying what that says of the file by then
   */
  async push(button: string, saying = /./): Promise<void> {
    await this.#page.getByRole('button', { name: `${button}…`, exact: true }).click();
    await this.#dialog.getByText(saying).first().waitFor();
    await this.#dialog.getByRole('button', { name: button, exact: true }).click();
    await this.#dialog.waitFor({ state: 'hidden' });
  }

  /** Pushes to devices that the page does not know. */
  async pushToOthers(hostnames: readonly string[]): Promise<void> {
    await this.#page.getByRole('button', { name: 'Push…', exact: true }).click();
    const field = this.#dialog.getByRole('combobox').locator('input').last();
    for (const hostname of hostnames) {
      await field.fill(hostname);
      await field.press('Enter');
    }
    await this.#dialog.getByRole('button', { name: `Push to ${hostnames.length}`, exact: true }).click();
    await this.#dialog.waitFor({ state: 'hidden' });
  }

  /** What of the page reaches beyond this width: the classes of the elements. */
  beyond(width: number): Promise<string[]> {
    return this.#page
      .locator('.fleet :visible')
      .evaluateAll(
        (all, limit) => all.filter((one) => one.getBoundingClientRect().right > limit).map((one) => one.className),
        width,
      );
  }

  get #dialog(): Locator {
    return this.#page.getByRole('dialog');
  }
}
