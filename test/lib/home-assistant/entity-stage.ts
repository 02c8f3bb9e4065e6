import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { DeviceBook } from '../../../lib/devices/device-book';
import { Entities } from '../../../lib/home-assistant/entities';
import type { EntitiesOptions } from '../../../lib/home-assistant/entities-options';
import type { PreviousVersion, PushEvent } from '../../../lib/home-assistant/entity';
import { type Release, releaseFile } from '../../../lib/home-assistant/release';
import { ReleaseStore } from '../../../lib/home-assistant/store';
import type { Report } from '../../../lib/protocol/report';
import type { Outcome } from '../../../lib/push/outcome';
import { openBook } from '../../peers/device-book';
import { Inbox } from '../../peers/inbox';
import { jobsOf, outcomeOf } from '../../peers/outcomes';
import { resourcesOfEachTest } from '../../peers/resources';
import { temporaryFolder } from '../../peers/temporary-folder';
import { ToldBroker } from './told-broker';

export const bytes = Buffer.from('print()');
export const file = releaseFile('main.py', bytes);
export const release: Release = { version: '1.0', files: [file], isSet: false };
/** A push to `lamp` that is under way. */
export const news: PushEvent = { id: 'a', target: 'lamp', result: null, percent: 10, isWaiting: false };
/** What is shown again is shown soon. */
export const rates = { allMs: 20, oneMs: 20 };
/** A push of a file that is of no release. */
export const otherPush = outcomeOf({ hash: 'c'.repeat(40) });

export interface Start extends Partial<EntitiesOptions> {
  readonly keep?: number;
  /** With the folder of before, and no release. */
  readonly isAgain?: boolean;
  /** Whether the broker lets us hear what is sent to Home Assistant; undefined: it does not answer. */
  readonly isAllowed?: boolean | undefined;
}

/** What each test of this `describe` has, once it has started it: the entity of `lamp`, with what is around it. */
export class EntityStage {
  readonly resources = resourcesOfEachTest();
  broker = new ToldBroker(true);
  deleted = new Inbox<string>();
  onInstall: (release: Release) => Promise<void> = async () => undefined;
  onPrevious: (previous: PreviousVersion) => Promise<void> = async () => undefined;
  folder = '';
  #book: DeviceBook | undefined;
  #store: ReleaseStore | undefined;
  #entities: Entities | undefined;

  get book(): DeviceBook {
    return this.#book ?? assert.fail('nothing was started');
  }

  get store(): ReleaseStore {
    return this.#store ?? assert.fail('nothing was started');
  }

  get entities(): Entities {
    return this.#entities ?? assert.fail('nothing was started');
  }

  async start({ keep = 3, isAgain = false, ...more }: Start = {}): Promise<void> {
    const { isAllowed, ...options } = { isAllowed: true, ...more };
    if (!isAgain) this.folder = await temporaryFolder(this.resources, 'entities');
    this.broker = new ToldBroker(isAllowed);
    this.deleted = new Inbox();
    this.onInstall = async () => undefined;
    this.onPrevious = async () => undefined;
    this.#book = openBook(this.resources, this.folder, { keep });
    this.#store = new ReleaseStore(join(this.folder, 'releases'));
    const entities = new Entities({
      topics: { prefix: 'homeassistant', base: 'ota-push' },
      broker: this.broker,
      devices: this.#book,
      store: this.#store,
      onInstall: (_target, pressed) => this.onInstall(pressed),
      onPrevious: (_target, previous) => this.onPrevious(previous),
      onPreviousLost: () => undefined,
      buttonName: 'Previous version',
      onChange: () => undefined,
      onLost: () => undefined,
      lostSummary: 'It is lost.',
      onDeleted: (target) => this.deleted.push(target),
      onProblem: () => undefined,
      ...options,
    });
    this.resources.defer(() => entities.close());
    this.#entities = entities;
    if (isAgain) return;
    await this.offer();
    await this.broker.shown.next();
  }

  /** The device is offered a release with the usual file. */
  offer(offered = release): Promise<void> {
    return this.entities.offer(['lamp'], offered, new Map([[file.sha256, bytes]]));
  }

  /** The device says something. */
  hear(report: Report): void {
    this.book.hear('lamp', report, false);
  }

  /** A push to it has ended. */
  end(outcome: Outcome, content = bytes): void {
    this.book.record(outcome, jobsOf(outcome, content), 'push');
  }

  /** Somebody presses Install. */
  press(): void {
    this.broker.say('ota-push/update/lamp/install', 'install');
  }

  /** Resolves when all is done that was heard. */
  async untilHeard(): Promise<void> {
    await this.entities.hearPush({ ...news, target: 'other' });
  }

  /** Somebody presses the button that goes back. */
  goBack(): void {
    this.broker.say('ota-push/update/lamp/install', 'previous');
  }

  /** The version that is shown next. */
  async installed(): Promise<string> {
    return (await this.broker.shown.next()).installed_version;
  }

  /** The device has had its first file, and has another now. */
  async update(): Promise<void> {
    this.end(outcomeOf({ hash: file.sha1 }));
    assert.equal(await this.installed(), '1.0');
    this.end(otherPush, Buffer.from('print(2)'));
    assert.equal(await this.installed(), '#cccccccc');
  }
}
