import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { bytes, EntityStage, file, news, rates, release, type Start } from './entity-stage';

describe('The entities that are deleted, or are not', () => {
  const home = new EntityStage();

  it('are deleted by somebody who clears what the broker has told of them, and not by their own removal before', async () => {
    await home.start();
    home.broker.tell('{}');
    await home.entities.remove('lamp');
    await home.offer();
    home.broker.tell('');
    await home.entities.hearPush(news);
    assert.deepEqual([home.deleted.all, home.entities.size], [[], 1]);
    home.broker.tell('{}');
    home.broker.tell('');
    assert.deepEqual([await home.deleted.next(), home.entities.size], ['lamp', 0]);
  });

  it('are deleted once, however often somebody makes them known and clears that', async () => {
    await home.start();
    for (let times = 0; times < 100; times += 1) {
      home.broker.tell('{}');
      home.broker.tell('');
      if (times === 0) await home.deleted.next();
    }
    const sentToLamp = () => home.broker.sent.filter(([topic]) => topic.includes('lamp')).length;
    const before = sentToLamp();
    // What it keeps, and sends, comes after what was asked for before.
    await home.entities.offer(['daylight'], release, new Map([[file.sha256, bytes]]));
    assert.deepEqual([home.deleted.all.length, sentToLamp()], [1, before]);
  });

  it('are shown when a release comes while they are being deleted', async () => {
    await home.start();
    home.broker.tell('{}');
    home.broker.tell('');
    await home.offer();
    await home.entities.close();
    const last = new Map(home.broker.sent);
    assert.deepEqual([home.entities.size, [...last].filter(([, text]) => text === '')], [1, []]);
  });

  it('stay when they are to be removed while the broker is offline: what it keeps would stay for good', async () => {
    await home.start();
    home.broker.isOnline = false;
    await assert.rejects(home.entities.remove('lamp'), /The entity of lamp stays: the broker is offline/);
    assert.equal(home.entities.size, 1);
  });

  it('take the button with them when they are deleted or removed', async () => {
    await home.start();
    assert.equal(await home.broker.button.next(), 'offline');
    home.broker.tell('{}');
    home.broker.tell('{}', 'button');
    home.broker.tell('');
    assert.equal(await home.broker.button.next(), 'none');
    await home.offer();
    assert.equal(await home.broker.button.next(), 'offline');
    await home.entities.remove('lamp');
    assert.equal(await home.broker.button.next(), 'none');
  });

  const ways: [what: string, go: () => Promise<unknown>][] = [
    ['are removed', () => home.entities.remove('lamp')],
    ['go with their node', () => home.entities.clear()],
  ];
  for (const [what, go] of ways) {
    it(`take their state away first when they ${what}: alone it would tell of a deletion, should the connection break`, async () => {
      await home.start();
      home.broker.sent.length = 0;
      await go();
      const topics = [
        'ota-push/update/lamp/state',
        'homeassistant/update/ota-push__lamp/config',
        'homeassistant/button/ota-push__lamp/config',
        'ota-push/update/lamp/previous',
      ];
      assert.deepEqual(
        home.broker.sent,
        topics.map((topic) => [topic, '']),
      );
    });

    it(`are not shown to their end when they ${what} meanwhile`, async () => {
      await home.start({ rates });
      assert.equal(await home.broker.button.next(), 'offline');
      const answer = home.broker.fallSilent();
      home.broker.birth();
      const gone = go();
      assert.equal(await home.broker.button.next(), 'none', 'the last topic');
      answer();
      await gone;
      await home.entities.close();
      const kept = [...new Map(home.broker.sent)].filter(([, text]) => text !== '');
      assert.deepEqual(kept, []);
    });
  }

  it('are cleared at once, and not bit by bit as the broker answers: a release may come meanwhile', async () => {
    await home.start();
    assert.equal(await home.broker.button.next(), 'offline');
    const answer = home.broker.fallSilent();
    const removed = home.entities.remove('lamp');
    assert.equal(await home.broker.button.next(), 'none', 'the last topic');
    answer();
    await removed;
  });

  describe('that were shown before a start', () => {
    const isThere = { config: '{}', state: '{}' };
    /** They start again with what is kept, and the broker tells what it has: nothing, once the time for that is over. */
    const restart = async ({ config, state, ...how }: { config?: string; state?: string } & Start) => {
      await home.start();
      home.broker.tell('{}');
      await home.entities.hearPush(news); // after all that was heard
      await home.entities.close();
      await home.start({ isAgain: true, retainedMs: 100, ...how });
      if (config) home.broker.tell(config);
      if (state) home.broker.tellState(state);
    };

    it('are shown at once where the broker tells of them', async () => {
      await restart(isThere);
      assert.equal((await home.broker.shown.next()).in_progress, false);
      assert.deepEqual([home.deleted.all, home.entities.size], [[], 1]);
    });

    it('are shown where the broker has forgotten all', async () => {
      await restart({});
      assert.equal((await home.broker.shown.next()).in_progress, false);
      assert.deepEqual([home.deleted.all, home.entities.size], [[], 1]);
    });

    it('were deleted in Home Assistant where only their state is left, and come with the next release', async () => {
      await restart({ state: '{}' });
      assert.equal(await home.deleted.next(), 'lamp');
      assert.deepEqual([home.broker.shown.all, home.entities.size], [[], 0]);
      await home.offer();
      assert.equal((await home.broker.shown.next()).in_progress, false);
    });

    const unheard: [why: string, isAllowed: boolean | undefined][] = [
      ['does not let us hear of them', false],
      ['has not answered yet whether we may hear of them', undefined],
    ];
    for (const [why, isAllowed] of unheard) {
      it(`are shown where the broker ${why}: their state alone tells nothing then`, async () => {
        await restart({ state: '{}', isAllowed });
        assert.equal((await home.broker.shown.next()).in_progress, false);
        assert.deepEqual([home.deleted.all, home.entities.size], [[], 1]);
      });
    }

    it('are shown where the broker is there anew, and has not answered on this connection', async () => {
      await restart({ state: '{}' });
      home.broker.comeOnline();
      assert.equal((await home.broker.shown.next()).in_progress, false);
      assert.deepEqual([home.deleted.all, home.entities.size], [[], 1]);
    });

    it('are still waited for where the broker has gone before it could tell of them', async () => {
      await restart({ state: '{}' });
      await home.untilHeard();
      home.broker.isOnline = false;
      // Timers of one length end in their order: the time for that is over.
      await setTimeout(100);
      assert.deepEqual([home.deleted.all, home.broker.shown.all], [[], []]);
      home.broker.isOnline = true;
      home.broker.comeOnline();
      assert.equal((await home.broker.shown.next()).in_progress, false);
      assert.deepEqual([home.deleted.all, home.entities.size], [[], 1]);
    });

    it('are shown where the broker has never told of them under the topics of now', async () => {
      const topics = { prefix: 'hass', base: 'ota-push' };
      await restart({ ...isThere, topics });
      await home.broker.shown.next();
      await home.entities.close();
      await home.start({ isAgain: true, retainedMs: 100, topics });
      home.broker.tellState('{}');
      assert.equal((await home.broker.shown.next()).in_progress, false);
      assert.deepEqual([home.deleted.all, home.entities.size], [[], 1]);
    });

    it('are shown when a release came before that is known, and could not be kept', async () => {
      await restart({});
      home.store.save = () => Promise.reject(new Error('the disk is full'));
      await assert.rejects(home.offer(), /the disk is full/);
      assert.equal((await home.broker.shown.next()).in_progress, false);
    });

    for (const slow of ['keep', 'save'] as const) {
      it(`are shown when a release comes before that is known, however slow the disk is (${slow})`, async () => {
        await restart({ state: '{}' });
        // Timers of one length end in their order.
        const isTooLate = setTimeout(100);
        const work: () => Promise<void> = home.store[slow].bind(home.store) as never;
        home.store[slow] = (...given: []) => isTooLate.then(() => work(...given));
        await home.offer();
        assert.equal((await home.broker.shown.next()).in_progress, false);
        assert.deepEqual([home.deleted.all, home.entities.size], [[], 1]);
      });
    }
  });
});
