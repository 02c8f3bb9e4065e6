import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DeviceBook } from '../../../lib/devices/device-book';
import type { HaBroker } from '../../../lib/home-assistant/broker';
import { Entities } from '../../../lib/home-assistant/entities';
import type { EntitiesOptions } from '../../../lib/home-assistant/entities-options';
import type { PreviousVersion, PushEvent } from '../../../lib/home-assistant/entity';
import { type Release, releaseFile } from '../../../lib/home-assistant/release';
import { ReleaseStore } from '../../../lib/home-assistant/store';
import type { Report } from '../../../lib/protocol/report';
import type { Outcome } from '../../../lib/push/outcome';
import type { InboundMessage } from '../../../lib/push/services';
import { Inbox } from '../../peers/inbox';
import { failureOf, jobsOf, outcomeOf } from '../../peers/outcomes';
import { resourcesOfEachTest } from '../../peers/resources';
import { temporaryFolder } from '../../peers/temporary-folder';

const bytes = Buffer.from('print()');
const file = releaseFile('main.py', bytes);
const release: Release = { version: '1.0', files: [file], isSet: false };
const news: PushEvent = {
  id: 'a',
  target: 'lamp',
  result: null,
  percent: 10,
  isWaiting: false,
};

interface Shown {
  readonly in_progress: boolean;
  readonly update_percentage: number | null;
  readonly installed_version: string;
  readonly isRetained: boolean;
}

describe('The entities', () => {
  const resources = resourcesOfEachTest();

  let folder: string;
  let entities: Entities;
  let shown: Inbox<Shown>;
  let say: (topic: string, text: string) => void;
  /** The broker tells what is sent to Home Assistant. */
  let tell: (text: string, kind?: 'update' | 'button') => void;
  /** The broker tells the state that it keeps. */
  let heardState: (text: string) => void;
  /** Home Assistant says that it has started. */
  let birth: () => void;
  let isOnline: boolean;
  /** The broker is there anew; it has not answered what we subscribe to. */
  let comeOnline: () => void;
  let deleted: Inbox<string>;
  let onInstall: () => Promise<void>;
  let install: (release: Release) => void;
  let onPrevious: (previous: PreviousVersion) => Promise<void>;
  /** Whether the button can be pressed, each time that it is told; `none`: there is no button. */
  let button: Inbox<string>;
  let book: DeviceBook;
  let store: ReleaseStore;
  /** What was sent to the broker, in the order of the wire; an empty text clears a topic. */
  let sent: [topic: string, text: string][];
  /** The broker acknowledges what it is sent from then on. */
  let isAnswering: Promise<void>;

  interface Start extends Partial<EntitiesOptions> {
    readonly keep?: number;
    /** With the folder of before, and no release. */
    readonly isAgain?: boolean;
    /** Whether the broker lets us hear what is sent to Home Assistant; undefined: it does not answer. */
    readonly isAllowed?: boolean | undefined;
  }

  async function start({ keep = 3, isAgain = false, ...more }: Start = {}): Promise<void> {
    const { isAllowed, ...options } = { isAllowed: true, ...more };
    if (!isAgain) folder = await temporaryFolder(resources, 'entities');
    shown = new Inbox();
    button = new Inbox();
    sent = [];
    isAnswering = Promise.resolve();
    const listeners: [topic: string, onMessage: (message: InboundMessage) => void][] = [];
    const onlineListeners = new Set<() => void>();
    isOnline = true;
    const broker: HaBroker = {
      get isOnline() {
        return isOnline;
      },
      async publish(topic, text, isRetained) {
        if (!isOnline) return;
        if (topic === 'ota-push/update/lamp/state' && text !== '') shown.push({ ...JSON.parse(text), isRetained });
        sent.push([topic, text]);
        if (topic === 'ota-push/update/lamp/previous') button.push(text || 'none');
        await isAnswering;
      },
      listen(topic, onMessage, onAllowed) {
        const listener: (typeof listeners)[number] = [topic, onMessage];
        listeners.push(listener);
        if (isAllowed !== undefined) queueMicrotask(() => onAllowed?.(isAllowed));
        return () => listeners.splice(listeners.indexOf(listener), 1);
      },
      forget: () => undefined,
      onOnline(listener) {
        onlineListeners.add(listener);
        return () => onlineListeners.delete(listener);
      },
    };
    comeOnline = () => {
      for (const listener of onlineListeners) listener();
    };
    const heard = (filter: string, topic: string, text: string) => {
      const message = { topic, payload: Buffer.from(text), isRetainedReplay: false, maybeStale: false };
      for (const [, onMessage] of listeners.filter(([one]) => one === filter)) onMessage(message);
    };
    say = (topic, text) => heard('ota-push/update/+/install', topic, text);
    tell = (text, kind = 'update') =>
      heard(`homeassistant/${kind}/+/config`, `homeassistant/${kind}/ota-push__lamp/config`, text);
    heardState = (text) => heard('ota-push/update/+/state', 'ota-push/update/lamp/state', text);
    birth = () => heard('homeassistant/status', 'homeassistant/status', 'online');
    deleted = new Inbox();
    onInstall = async () => undefined;
    install = () => undefined;
    onPrevious = async () => undefined;
    book = new DeviceBook({
      path: join(folder, 'devices.jsonl'),
      filesFolder: join(folder, 'files'),
      keep,
      onDamage: assert.fail,
      onUnwritten: assert.ifError,
    });
    resources.defer(() => book.close());
    store = new ReleaseStore(join(folder, 'releases'));
    entities = new Entities({
      topics: { prefix: 'homeassistant', base: 'ota-push' },
      broker,
      devices: book,
      store,
      onInstall: (_target, pressed) => {
        install(pressed);
        return onInstall();
      },
      onPrevious: (_target, previous) => onPrevious(previous),
      onPreviousLost: () => undefined,
      buttonName: 'Previous version',
      onChange: () => undefined,
      onLost: () => undefined,
      lostSummary: 'It is lost.',
      onDeleted: (target) => deleted.push(target),
      onProblem: () => undefined,
      ...options,
    });
    resources.defer(() => entities.close());
    if (isAgain) return;
    await entities.offer(['lamp'], release, new Map([[file.sha256, bytes]]));
    await shown.next();
  }

  const hear = (report: Report) => book.hear('lamp', report, false);
  const end = (outcome: Outcome, content = bytes) => book.record(outcome, jobsOf(outcome, content), 'push');
  const press = () => say('ota-push/update/lamp/install', 'install');

  it('are in progress no longer when nothing was heard for too long', async () => {
    await start({ silenceMs: 100 });
    press();
    assert.equal((await shown.next()).in_progress, true);
    const { in_progress: working, isRetained } = await shown.next();
    assert.deepEqual([working, isRetained], [false, true]);
  });

  it('are in progress no longer when what was pressed can not be sent', async () => {
    await start();
    onInstall = () => Promise.reject(new Error('the bytes are gone'));
    press();
    assert.equal((await shown.next()).in_progress, true);
    assert.equal((await shown.next()).in_progress, false);
  });

  it('are in progress no longer when they are closed', async () => {
    await start();
    press();
    await shown.next();
    await entities.close();
    assert.equal((await shown.next()).in_progress, false);
  });

  it('do not end with a push that was under way when Install was pressed', async () => {
    await start();
    await entities.hearPush(news);
    assert.equal((await shown.next()).update_percentage, 10);
    press();
    assert.equal((await shown.next()).update_percentage, null);
    await entities.hearPush({ ...news, result: 'failed' });
    await entities.hearPush({ ...news, id: 'b', percent: 20 });
    assert.deepEqual((await shown.next()).update_percentage, 20);
    await entities.hearPush({ ...news, id: 'b', result: 'success' });
    assert.equal((await shown.next()).in_progress, false);
  });

  it('end with the only word of a push whose progress is not wired', async () => {
    await start();
    press();
    await shown.next();
    await entities.hearPush({ ...news, result: 'timeout' });
    assert.equal((await shown.next()).in_progress, false);
  });

  it('are not in progress while a push waits for a device that sleeps', async () => {
    await start();
    press();
    await shown.next();
    await entities.hearPush({ ...news, isWaiting: true });
    assert.equal((await shown.next()).in_progress, false);
  });

  it('are in progress no longer for whoever speaks of something else', async () => {
    await start({ silenceMs: 100 });
    press();
    await shown.next();
    const other = setInterval(() => hear({ state: 'running', file: 'other.py', hash: 'ab', error: null }), 20);
    resources.defer(() => clearInterval(other));
    assert.equal((await shown.next()).in_progress, false);
  });

  it('count a press that comes twice once', async () => {
    await start({ silenceMs: 100 });
    let pressed = 0;
    onInstall = async () => {
      pressed += 1;
    };
    press();
    press();
    await shown.nextThat(({ in_progress: working }) => !working);
    assert.equal(pressed, 1);
  });

  it('answer each press, so that whoever else hears it knows that it is not lost', async () => {
    await start();
    press();
    press();
    assert.deepEqual([(await shown.next()).in_progress, (await shown.next()).in_progress], [true, true]);
  });

  const rates = { allMs: 20, oneMs: 20 };
  const installed = async () => (await shown.next()).installed_version;

  it('are shown at once when Home Assistant says that it has started, and once more however often it says so', async () => {
    await start({ rates });
    for (let times = 0; times < 300; times += 1) birth();
    for (const _ of ['at once', 'once more']) assert.equal((await shown.next()).in_progress, false);
    press();
    assert.equal((await shown.next()).in_progress, true, 'nothing more was shown before');
  });

  it('tell of reports at once, and once more however many come', async () => {
    await start({ rates });
    const hashes = ['a', 'b', 'c'].map((digit) => digit.repeat(40));
    const running = (hash = '') => hear({ state: 'running', file: 'main.py', hash, error: null });
    running(hashes[1]);
    assert.equal(await installed(), '#bbbbbbbb', 'at once');
    for (let times = 0; times < 1000; times += 1) running(hashes[times % 3]);
    assert.equal(await installed(), '#aaaaaaaa', 'the last one');
    press();
    assert.equal((await shown.next()).in_progress, true, 'nothing more was shown before');
  });

  it('answer presses that come while one is open at once, and once more however many come', async () => {
    await start({ rates });
    for (let times = 0; times < 1000; times += 1) press();
    for (const _ of ['pressed', 'at once', 'once more']) assert.equal((await shown.next()).in_progress, true);
    await entities.hearPush({ ...news, result: 'timeout' });
    assert.equal((await shown.next()).in_progress, false, 'nothing more was shown before');
  });

  it('obey a press once in a second: what fails at once can’t be asked for without end', async () => {
    await start({ rates });
    let pressed = 0;
    onInstall = () => {
      pressed += 1;
      return Promise.reject(new Error('the bytes are gone'));
    };
    press();
    await shown.nextThat(({ in_progress: working }) => !working);
    for (let times = 0; times < 100; times += 1) press();
    await shown.next();
    assert.equal(pressed, 1);
  });

  it('have what any push has brought, by the version of its release or the beginning of its hash', async () => {
    await start({ rates });
    end(outcomeOf({ hash: file.sha1 }));
    assert.deepEqual(await installed(), '1.0');
    end(outcomeOf({ hash: file.sha256 }));
    end(outcomeOf({ hash: 'c'.repeat(40) }));
    assert.equal(await installed(), '#cccccccc');
    end(outcomeOf({ hash: file.sha256 }));
    assert.equal(await installed(), '1.0');
  });

  it('have what they had where nobody knows what became of a push, however often it is tried', async () => {
    await start({ rates });
    const silent = { code: 'not_verified', device: '192.168.4.7', sent: 4 } as const;
    end(failureOf({ hash: 'd'.repeat(40), ...silent }));
    end(outcomeOf({ hash: 'c'.repeat(40) }));
    assert.equal(await installed(), '#cccccccc');
    for (const digit of ['d', 'd', 'e']) end(failureOf({ hash: digit.repeat(40), ...silent }));
    press();
    assert.equal(await installed(), '#cccccccc');
    hear({ state: 'running', file: 'main.py', hash: 'e'.repeat(40), error: null });
    assert.equal(await installed(), '#eeeeeeee');
    hear({ state: 'rolled_back', file: 'main.py', hash: 'e'.repeat(40), error: null });
    assert.equal(await installed(), '#cccccccc');
  });

  it('have nothing that is known once the device is forgotten', async () => {
    await start({ rates });
    end(outcomeOf({ hash: file.sha1 }));
    assert.equal(await installed(), '1.0');
    book.forget('lamp');
    assert.equal(await installed(), 'unknown');
  });

  it('show what was put off when they are closed', async () => {
    await start({ rates: { allMs: 60_000, oneMs: 60_000 } });
    const running = (digit: string) => hear({ state: 'running', file: 'main.py', hash: digit.repeat(40), error: null });
    running('a');
    assert.equal(await installed(), '#aaaaaaaa');
    running('b');
    await Promise.resolve(); // it is heard in the next turn
    await entities.close();
    assert.equal(await installed(), '#bbbbbbbb');
  });

  it('keep what they had when a release cannot be kept', async () => {
    await start();
    const blocked = join(folder, 'releases', 'devices.json.tmp');
    await mkdir(blocked);
    const other = Buffer.from('print(2)');
    const file2 = releaseFile('main.py', other);
    await assert.rejects(
      entities.offer(['lamp'], { version: '2.0', files: [file2], isSet: false }, new Map([[file2.sha256, other]])),
    );
    await rm(blocked, { recursive: true });
    let offered = '';
    onInstall = async () => undefined;
    install = (release2) => {
      offered = release2.version;
    };
    press();
    await shown.next();
    assert.equal(offered, '1.0');
  });

  it('are deleted by somebody who clears what the broker has told of them, and not by their own removal before', async () => {
    await start();
    tell('{}');
    await entities.remove('lamp');
    await entities.offer(['lamp'], release, new Map([[file.sha256, bytes]]));
    tell('');
    await entities.hearPush(news);
    assert.deepEqual([deleted.all, entities.size], [[], 1]);
    tell('{}');
    tell('');
    assert.deepEqual([await deleted.next(), entities.size], ['lamp', 0]);
  });

  it('are shown when a release comes while they are being deleted', async () => {
    await start();
    tell('{}');
    tell('');
    await entities.offer(['lamp'], release, new Map([[file.sha256, bytes]]));
    await entities.close();
    const last = new Map(sent);
    assert.deepEqual([entities.size, [...last].filter(([, text]) => text === '')], [1, []]);
  });

  const goBack = () => say('ota-push/update/lamp/install', 'previous');
  const otherPush = outcomeOf({ hash: 'c'.repeat(40) });
  /** The device has had its first file, and has another now. */
  const update = async () => {
    end(outcomeOf({ hash: file.sha1 }));
    assert.equal(await installed(), '1.0');
    end(otherPush, Buffer.from('print(2)'));
    assert.equal(await installed(), '#cccccccc');
  };

  it('can go back once something is kept that the device had before, and then no more', async () => {
    await start({ rates });
    assert.equal(await button.next(), 'offline');
    await update();
    assert.equal(await button.next(), 'online');
    const back = outcomeOf({ hash: file.sha1 });
    book.record(back, jobsOf(back, bytes), 'restore');
    assert.equal(await button.next(), 'offline');
    assert.equal(await installed(), '1.0');
    end(otherPush, Buffer.from('print(2)'));
    assert.equal(await button.next(), 'online');
    book.forget('lamp');
    assert.equal(await button.next(), 'offline');
  });

  it('are in progress when they go back, to what was kept before, until the push has ended', async () => {
    await start({ rates });
    await update();
    const asked = new Inbox<PreviousVersion>();
    onPrevious = async (previous) => void asked.push(previous);
    goBack();
    assert.equal((await shown.next()).in_progress, true);
    const { filename, version, kept } = await asked.next();
    assert.deepEqual([filename, version, kept.sha256], ['main.py', '1.0', file.sha256]);
    goBack();
    press();
    assert.equal((await shown.next()).in_progress, true, 'both are answered, and neither is obeyed');
    await entities.hearPush({ ...news, percent: 20 });
    assert.equal((await shown.nextThat(({ update_percentage: percent }) => percent !== null)).update_percentage, 20);
    await entities.hearPush({ ...news, result: 'success' });
    assert.equal((await shown.next()).in_progress, false);
    assert.equal(asked.all.length, 1);
  });

  it('are in progress no longer when nobody answers who goes back', async () => {
    await start({ rates, silenceMs: 100 });
    await update();
    goBack();
    for (const working of [true, false]) assert.equal((await shown.next()).in_progress, working);
  });

  it('are in progress no longer when what they would go back to is gone', async () => {
    await start({ rates });
    await update();
    onPrevious = () => Promise.reject(new Error('the bytes are gone'));
    goBack();
    for (const working of [true, false]) assert.equal((await shown.next()).in_progress, working);
  });

  it('say that there is nothing to go back to when that is pressed all the same', async () => {
    await start({ rates });
    goBack();
    const { in_progress: working } = await shown.next();
    assert.equal(working, false);
  });

  it('have no button where nothing is ever kept, or a release is a set: its files would be of two versions', async () => {
    await start({ keep: 0 });
    assert.equal(await button.next(), 'none');
    await entities.close();
    await start();
    assert.equal(await button.next(), 'offline');
    await entities.offer(['lamp'], { ...release, files: [file, file] }, new Map([[file.sha256, bytes]]));
    assert.equal(await button.next(), 'none');
  });

  it('say once that they have no button, and again where the broker was not there to hear it', async () => {
    const set = { ...release, files: [file, file] };
    await start({ rates });
    assert.equal(await button.next(), 'offline');
    isOnline = false;
    await entities.offer(['lamp'], set, new Map([[file.sha256, bytes]]));
    isOnline = true;
    comeOnline();
    await shown.next();
    birth();
    await shown.next();
    assert.deepEqual(button.all, ['offline', 'none']);
    await entities.offer(['lamp'], release, new Map([[file.sha256, bytes]]));
    await entities.offer(['lamp'], set, new Map([[file.sha256, bytes]]));
    assert.deepEqual(button.all, ['offline', 'none', 'offline', 'none']);
  });

  it('have no button that somebody has deleted, until the next release', async () => {
    await start({ rates });
    assert.equal(await button.next(), 'offline');
    tell('{}', 'button');
    tell('', 'button');
    assert.equal(await button.next(), 'none');
    await update();
    assert.deepEqual([deleted.all, entities.size, button.all.length], [[], 1, 2]);
    const [[, record] = []] = [...(await new ReleaseStore(join(folder, 'releases')).load())];
    assert.equal(record?.isButtonDeleted, true);
    await entities.offer(['lamp'], release, new Map([[file.sha256, bytes]]));
    assert.equal(await button.next(), 'online');
  });

  describe('that were shown before a start', () => {
    const isThere = { config: '{}', state: '{}' };
    /** They start again with what is kept, and the broker tells what it has: nothing, once the time for that is over. */
    const restart = async ({ config, state, ...how }: { config?: string; state?: string } & Start) => {
      await start();
      tell('{}');
      await entities.hearPush(news); // after all that was heard
      await entities.close();
      await start({ isAgain: true, retainedMs: 100, ...how });
      if (config) tell(config);
      if (state) heardState(state);
    };

    it('are shown at once where the broker tells of them', async () => {
      await restart(isThere);
      assert.equal((await shown.next()).in_progress, false);
      assert.deepEqual([deleted.all, entities.size], [[], 1]);
    });

    it('are shown where the broker has forgotten all', async () => {
      await restart({});
      assert.equal((await shown.next()).in_progress, false);
      assert.deepEqual([deleted.all, entities.size], [[], 1]);
    });

    it('were deleted in Home Assistant where only their state is left, and come with the next release', async () => {
      await restart({ state: '{}' });
      assert.equal(await deleted.next(), 'lamp');
      assert.deepEqual([shown.all, entities.size], [[], 0]);
      await entities.offer(['lamp'], release, new Map([[file.sha256, bytes]]));
      assert.equal((await shown.next()).in_progress, false);
    });

    const unheard: [why: string, isAllowed: boolean | undefined][] = [
      ['does not let us hear of them', false],
      ['has not answered yet whether we may hear of them', undefined],
    ];
    for (const [why, isAllowed] of unheard) {
      it(`are shown where the broker ${why}: their state alone tells nothing then`, async () => {
        await restart({ state: '{}', isAllowed });
        assert.equal((await shown.next()).in_progress, false);
        assert.deepEqual([deleted.all, entities.size], [[], 1]);
      });
    }

    it('are shown where the broker is there anew, and has not answered on this connection', async () => {
      await restart({ state: '{}' });
      comeOnline();
      assert.equal((await shown.next()).in_progress, false);
      assert.deepEqual([deleted.all, entities.size], [[], 1]);
    });

    it('are shown where the broker has never told of them under the topics of now', async () => {
      const topics = { prefix: 'hass', base: 'ota-push' };
      await restart({ ...isThere, topics });
      await shown.next();
      await entities.close();
      await start({ isAgain: true, retainedMs: 100, topics });
      heardState('{}');
      assert.equal((await shown.next()).in_progress, false);
      assert.deepEqual([deleted.all, entities.size], [[], 1]);
    });

    it('are shown when a release came before that is known, and could not be kept', async () => {
      await restart({});
      store.save = () => Promise.reject(new Error('the disk is full'));
      await assert.rejects(entities.offer(['lamp'], release, new Map([[file.sha256, bytes]])), /the disk is full/);
      assert.equal((await shown.next()).in_progress, false);
    });

    for (const slow of ['keep', 'save'] as const) {
      it(`are shown when a release comes before that is known, however slow the disk is (${slow})`, async () => {
        await restart({ state: '{}' });
        // Timers of one length end in their order.
        const isTooLate = new Promise((resolve) => setTimeout(resolve, 100));
        const work: () => Promise<void> = store[slow].bind(store) as never;
        store[slow] = (...given: []) => isTooLate.then(() => work(...given));
        await entities.offer(['lamp'], release, new Map([[file.sha256, bytes]]));
        assert.equal((await shown.next()).in_progress, false);
        assert.deepEqual([deleted.all, entities.size], [[], 1]);
      });
    }
  });

  it('take the button with them when they are deleted or removed', async () => {
    await start();
    assert.equal(await button.next(), 'offline');
    tell('{}');
    tell('{}', 'button');
    tell('');
    assert.equal(await button.next(), 'none');
    await entities.offer(['lamp'], release, new Map([[file.sha256, bytes]]));
    assert.equal(await button.next(), 'offline');
    await entities.remove('lamp');
    assert.equal(await button.next(), 'none');
  });

  const ways: [what: string, go: () => Promise<unknown>][] = [
    ['are removed', () => entities.remove('lamp')],
    ['go with their node', () => entities.clear()],
  ];
  for (const [what, go] of ways) {
    it(`take their state away first when they ${what}: alone it would tell of a deletion, should the connection break`, async () => {
      await start();
      sent = [];
      await go();
      const topics = [
        'ota-push/update/lamp/state',
        'homeassistant/update/ota-push__lamp/config',
        'homeassistant/button/ota-push__lamp/config',
        'ota-push/update/lamp/previous',
      ];
      assert.deepEqual(
        sent,
        topics.map((topic) => [topic, '']),
      );
    });
  }

  it('are cleared at once, and not bit by bit as the broker answers: a release may come meanwhile', async () => {
    await start();
    assert.equal(await button.next(), 'offline');
    let answer: () => void = () => undefined;
    isAnswering = new Promise((resolve) => {
      answer = resolve;
    });
    const removed = entities.remove('lamp');
    assert.equal(await button.next(), 'none', 'the last topic');
    answer();
    await removed;
  });

  it('obey nothing but a press of Install for a device that they have', async () => {
    await start();
    let pressed = 0;
    onInstall = async () => {
      pressed += 1;
    };
    say('ota-push/update/lamp/install', 'INSTALL');
    say('ota-push/update/other/install', 'install');
    press();
    await shown.next();
    assert.equal(pressed, 1);
  });
});
