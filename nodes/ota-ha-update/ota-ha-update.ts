import { join } from 'node:path';
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { Entities } from '../../lib/home-assistant/entities';
import type { Release } from '../../lib/home-assistant/release';
import { ReleaseStore } from '../../lib/home-assistant/store';
import { asksFor, type Message } from '../shared/message';
import { onInput } from '../shared/on-input';
import { type CheckSettings, checkPython } from '../shared/python-check';
import { type OtaServerNode, requireServer } from '../shared/server-node';
import { parseTarget } from '../shared/validation';
import { isFromPush, readPushEvent } from './push-event';
import { readRelease } from './release-input';
import { type HaSettings, readHaTopics } from './settings';
import { HaStatus } from './status';

interface OtaHaUpdateDef extends NodeDef, HaSettings, CheckSettings {
  readonly server: string;
}

function register(RED: NodeAPI): void {
  function OtaHaUpdate(this: Node, config: OtaHaUpdateDef): void {
    RED.nodes.createNode(this, config);
    const server = RED.nodes.getNode(config.server) as OtaServerNode | null;
    const status = new HaStatus(this, (key, values) => RED._(`ota-ha-update.status.${key}`, values));
    const store = new ReleaseStore(join(RED.settings.userDir ?? '.', 'ota-push', `releases-${this.id}`));

    /** What was pressed, as an OTA push takes it. */
    const install = async (target: string, { files, isSet, version }: Release): Promise<void> => {
      const named = await Promise.all(
        files.map(async (file) => ({ filename: file.filename, payload: await store.bytesOf(file) })),
      );
      const [first] = named;
      this.send((isSet ? { files: named, target, version } : { ...first, target, version }) as Message);
    };

    const start = (): Entities => {
      const { broker, pushServer } = requireServer(RED, server, config.server);
      return new Entities({
        topics: readHaTopics(config),
        broker,
        reports: pushServer,
        store,
        onInstall: install,
        onChange: () => status.show(entities),
        onProblem: (error) => this.warn(error),
      });
    };

    // What is wrong with its configuration is said for each message.
    let entities: Entities | undefined;
    try {
      entities = start();
    } catch (error) {
      this.error(error);
    }

    /** The release before is checked; it is kept and shown. What is about it comes after it. */
    let checked: Promise<unknown> = Promise.resolve();
    let offered: Promise<unknown> = Promise.resolve();

    const offer = async (to: Entities, message: Message): Promise<void> => {
      const { targets, release, bytes, files } = readRelease(message);
      const check = checkPython(requireServer(RED, server, config.server).checker, files, config);
      checked = Promise.resolve(check).catch(() => undefined); // its sender is told
      await check;
      await to.offer(targets, release, bytes);
    };

    const run = async (message: Message): Promise<void> => {
      entities ??= start();
      if (asksFor(message, 'remove')) {
        await offered;
        await entities.remove(parseTarget(message.target, 'msg.target'));
      } else if (isFromPush(message)) {
        const news = readPushEvent(message);
        if (news) await entities.hearPush(news);
      } else {
        const offering = offer(entities, message);
        offered = offering.catch(() => undefined); // its sender is told
        await offering;
      }
    };

    onInput(this, run, () => status.badInput());

    this.on('close', (done: (error?: Error) => void) => {
      status.close();
      checked.then(() => entities?.close()).then(() => done(), done);
    });
  }

  RED.nodes.registerType('ota-ha-update', OtaHaUpdate);
}

export = register;
