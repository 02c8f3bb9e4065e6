import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { freePort } from './brokers';
import { type HouseSettings, writeConfig } from './home-assistant/config';
import { Connection } from './home-assistant/connection';
import { homeAssistantFolder, runsHomeAssistant } from './home-assistant/installation';
import { Log } from './home-assistant/log';
import { logIn, type Tokens } from './home-assistant/login';
import { HassProcess } from './home-assistant/process';
import { type EntityState, States } from './home-assistant/states';
import { present } from './peers';

interface RegisteredEntity {
  readonly entity_id: string;
  readonly unique_id: string;
  readonly platform: string;
}

/** A real Home Assistant, with the MQTT integration on a test's broker and a house of its own. */
export class HomeAssistant {
  readonly #log = new Log();
  readonly #root: string;
  readonly #folder: string;
  #process: HassProcess | undefined;
  #tokens: Tokens | undefined;
  #connection: Connection | undefined;
  #states: States | undefined;

  /** Resolves when it hears what is published on the broker. */
  static async start(settings: HouseSettings): Promise<HomeAssistant> {
    const installed = homeAssistantFolder();
    const root = present(runsHomeAssistant(installed) ? installed : undefined, 'home-assistant');
    const folder = await mkdtemp(join(tmpdir(), 'house-'));
    const port = await freePort();
    const house = new HomeAssistant(`http://127.0.0.1:${port}`, root, folder);
    try {
      await writeConfig(folder, port, settings);
      await house.boot();
      return house;
    } catch (error) {
      await house.stop();
      throw error;
    }
  }

  private constructor(
    readonly url: string,
    root: string,
    folder: string,
  ) {
    this.#root = root;
    this.#folder = folder;
  }

  /** Starts it again after `shutDown`, with all it remembers. */
  async boot(): Promise<void> {
    this.#process = await HassProcess.start(this.#root, this.#folder, this.#log);
    this.#tokens ??= await logIn(this.url);
    this.#connection = await Connection.open(this.url, this.#tokens.access_token);
    this.#states = await States.listen(this.#connection);
  }

  /** Ends it, and keeps what it remembers. */
  async shutDown(): Promise<void> {
    await this.#process?.end();
    this.#process = undefined;
    this.#connection = undefined;
    this.#states = undefined;
  }

  /** Ends it and forgets all; may be called twice. */
  async stop(): Promise<void> {
    await this.shutDown();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The state of an entity now; undefined where there is none. */
  async state(entityId: string): Promise<EntityState | undefined> {
    return this.#now(this.#states).state(entityId);
  }

  /** The first state from now on that is so. @param within milliseconds until it is an error */
  untilState(entityId: string, isSo: (state: EntityState) => boolean, { within = 60_000 } = {}): Promise<EntityState> {
    const coming = this.#now(this.#states).until(entityId, isSo, within);
    coming.catch(() => undefined); // a test that has failed before it waits for this has had another error
    return coming;
  }

  /** Resolves when the service has done its work; an error has Home Assistant's own words. */
  async callService(domain: string, service: string, data: object = {}): Promise<void> {
    await this.command('call_service', { domain, service, service_data: data });
  }

  /** Fires an event on its bus. */
  async fire(event: string, data: object = {}): Promise<void> {
    await this.command('fire_event', { event_type: event, event_data: data });
  }

  /** The message of the persistent notification with this title, once it is there. */
  async notification(title: string): Promise<string> {
    for (;;) {
      const all = await this.command<{ title: string; message: string }[]>('persistent_notification/get');
      const found = all.find((one) => one.title === title);
      if (found) return found.message;
      await setTimeout(50);
    }
  }

  /** Resolves when its registry has these update entities of ours, by unique id, and no others. */
  async untilEntities(expected: Readonly<Record<string, string>>): Promise<void> {
    for (;;) {
      const all = await this.command<RegisteredEntity[]>('config/entity_registry/list');
      const ours = all.filter(({ entity_id: id, platform }) => platform === 'mqtt' && id.startsWith('update.'));
      const found = Object.fromEntries(ours.map(({ entity_id: id, unique_id: unique }) => [unique, id]));
      if (isDeepStrictEqual(found, expected)) return;
      await setTimeout(50);
    }
  }

  /** As its page does: Settings, Devices, Delete. @throws Error where there is no device of this name */
  async deleteDevice(name: string): Promise<void> {
    const devices = await this.command<{ id: string; name: string }[]>('config/device_registry/list');
    const device = devices.find((one) => one.name === name);
    if (!device) throw new Error(`Home Assistant has no device ${name}.`);
    await this.command('config/device_registry/remove_config_entry', { config_entry_id: 'mqtt', device_id: device.id });
  }

  /** Any command of its WebSocket API, such as `config/device_registry/list`. */
  async command<Result>(type: string, data: object = {}): Promise<Result> {
    return this.#now(this.#connection).command<Result>(type, data);
  }

  /** All lines of its log, over all boots. */
  get log(): readonly string[] {
    return this.#log.lines;
  }

  /** What it complained about so far, first of all payloads that it did not take. */
  async rejected(): Promise<string[]> {
    if (this.#process) {
      // The log comes on a way of its own: a line of ours shows that all before it are there.
      const mark = randomUUID();
      const marked = this.#log.nextLine(new RegExp(mark), AbortSignal.timeout(20_000));
      await Promise.all([marked, this.callService('system_log', 'write', { message: mark, level: 'info' })]);
    }
    return this.#log.complaints();
  }

  /** What the browser of a user who is logged in has in its local storage, as `hassTokens`. */
  get login(): object {
    const tokens = this.#now(this.#tokens);
    const expires = Date.now() + tokens.expires_in * 1000;
    return { ...tokens, expires, hassUrl: this.url, clientId: `${this.url}/` };
  }

  #now<Part>(part: Part | undefined): Part {
    if (part === undefined) throw new Error('Home Assistant is not running.');
    return part;
  }
}
