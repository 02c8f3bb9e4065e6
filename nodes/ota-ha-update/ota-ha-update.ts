import { join } from 'node:path';
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { Backlog, usualBacklog } from '../../lib/backlog';
import type { DeviceBook } from '../../lib/devices/device-book';
import { Entities } from '../../lib/home-assistant/entities';
import type { PreviousVersion } from '../../lib/home-assistant/entity';
import type { Release } from '../../lib/home-assistant/release';
import { ReleaseStore } from '../../lib/home-assistant/store';
import { BadInput } from '../shared/bad-input';
import { targetParser } from '../shared/link-call';
import { asksFor, heldBytesOf, type Message } from '../shared/message';
import { onInput } from '../shared/on-input';
import { presenceOf } from '../shared/presence';
import { type CheckSettings, checkPython } from '../shared/python-check';
import { Readiness } from '../shared/readiness';
import { requireServer, serverOf } from '../shared/server-node';
import type { Translate } from '../shared/throttled-status';
import { refuseVariables } from '../shared/variables';
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
    const server = serverOf(RED, config.server);
    const parseTarget = targetParser(RED);
    const translate: Translate = (key, values) => RED._(`ota-ha-update.status.${key}`, values);
    const status = new HaStatus(this, translate, new Readiness(RED, server, config.server));
    const folder = join(RED.settings.userDir ?? '.', 'ota-push', `releases-${this.id}`);
    const store = new ReleaseStore(folder);

    /** What Install offers, as an OTA push takes it. */
    const install = async (target: string, { files, isSet, version }: Release): Promise<void> => {
      const named = await Promise.all(
        files.map(async (file) => ({ filename: file.filename, payload: await store.bytesOf(file) })),
      );
      const [first] = named;
      this.send((isSet ? { files: named, target, version } : { ...first, target, version }) as Message);
    };

    /** What is gone is said here: the push would only say that it can't be read. */
    const goBack = async (
      book: DeviceBook,
      target: string,
      { filename, version, kept }: PreviousVersion,
    ): Promise<void> => {
      await book.bytesOf(kept);
      this.send({ restore: kept.sha256, filename, target, version } as Message);
    };

    const start = (): Entities => {
      refuseVariables(config);
      const { broker, book } = requireServer(RED, server, config.server);
      return new Entities({
        topics: readHaTopics(config),
        broker,
        devices: book,
        store,
        onInstall: install,
        onPrevious: (target, previous) => goBack(book, target, previous),
        onChange: () => status.show(entities),
        onLost: (target, error) =>
          this.warn(
            error
              ? RED._('ota-ha-update.warnings.unreadable', { target, message: error.message })
              : RED._('ota-ha-update.warnings.lost', { target, folder }),
          ),
        onPreviousLost: (target, { message }) =>
          this.warn(RED._('ota-ha-update.warnings.previous-lost', { target, message })),
        buttonName: RED._('ota-ha-update.previous'),
        lostSummary: RED._('ota-ha-update.lost'),
        onDeleted: (target) => this.log(RED._('ota-ha-update.deleted', { target })),
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
      const { targets, release, bytes, files } = readRelease(message, parseTarget);
      const check = checkPython(requireServer(RED, server, config.server).checker, files, message, config);
      checked = Promise.resolve(check).catch(() => undefined); // its sender gets the error
      await check;
      await to.offer(targets, release, bytes);
    };

    const answer = async (message: Message): Promise<void> => {
      entities ??= start();
      if (asksFor(message, 'remove')) {
        await offered;
        await entities.remove(parseTarget(message.target, 'msg.target'));
      } else if (isFromPush(message)) {
        const news = readPushEvent(message);
        if (news) await entities.hearPush(news);
      } else {
        const offering = offer(entities, message);
        offered = offering.catch(() => undefined); // its sender gets the error
        await offering;
      }
    };

    /** Releases may come faster than the disk takes them. */
    const backlog = new Backlog(usualBacklog);
    const run = async (message: Message): Promise<void> => {
      const heldBytes = heldBytesOf(message);
      const fullness = backlog.fullnessFor(heldBytes);
      if (fullness) throw BadInput.queueFull('messages wait at this node already', fullness, 'Send it again later.');
      const place = backlog.enter(heldBytes);
      try {
        await answer(message);
      } finally {
        place.leave();
      }
    };

    onInput(this, run, (code) => status.badInput(code));

    /** Its entities go with it. A node that was disabled may come back: it keeps what it knows. */
    const leave = async (isDeleted: boolean): Promise<void> => {
      const staying = await (entities ? entities.clear() : shownIn(store)).catch((error: Error) => {
        this.warn(error);
        return [];
      });
      if (staying.length > 0)
        this.warn(RED._('ota-ha-update.warnings.staying', { number: String(staying.length), ...named(staying) }));
      if (isDeleted) await store.remove();
    };

    /** Its entities stay, and none of them in progress. A release that is being checked is kept. */
    const stay = async (): Promise<void> => {
      entities?.endProgress();
      await checked;
      await entities?.close();
    };

    this.on('close', (removed: boolean, done: (error?: Error) => void) => {
      status.close();
      const presence = presenceOf(RED, this.id);
      // What is to be said is said at once, while its server and the broker are still there.
      const ended = presence === 'there' ? stay() : leave(removed && presence === 'gone');
      ended.then(() => done(), done);
    });
  }

  RED.nodes.registerType('ota-ha-update', OtaHaUpdate);
}

/** What was shown when it could be. @throws Error where it can't be read */
async function shownIn(store: ReleaseStore): Promise<readonly string[]> {
  const records = [...(await store.load())];
  return records.filter(([, { shownUnder, isDeleted }]) => shownUnder && !isDeleted).map(([target]) => target);
}

const maxNamed = 10;

function named(targets: readonly string[]): { readonly targets: string } {
  const more = targets.length > maxNamed ? ', …' : '';
  return { targets: `${targets.slice(0, maxNamed).join(', ')}${more}` };
}

export = register;
