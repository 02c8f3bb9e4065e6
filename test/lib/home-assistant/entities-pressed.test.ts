import assert from 'node:assert/strict';
import { EntityStage, news, rates, release, type Start } from './entity-stage';

describe('The entities, as Install is pressed,', () => {
  const home = new EntityStage();

  it('are in progress no longer when what was pressed can not be sent', async () => {
    await home.start();
    home.onInstall = () => Promise.reject(new Error('the bytes are gone'));
    home.press();
    assert.equal((await home.broker.shown.next()).in_progress, true);
    assert.equal((await home.broker.shown.next()).in_progress, false);
  });

  it('do not end with a push that was under way when Install was pressed', async () => {
    await home.start();
    await home.entities.hearPush(news);
    assert.equal((await home.broker.shown.next()).update_percentage, 10);
    home.press();
    assert.equal((await home.broker.shown.next()).update_percentage, null);
    await home.entities.hearPush({ ...news, result: 'failed' });
    await home.entities.hearPush({ ...news, id: 'b', percent: 20 });
    assert.deepEqual((await home.broker.shown.next()).update_percentage, 20);
    await home.entities.hearPush({ ...news, id: 'b', result: 'success' });
    assert.equal((await home.broker.shown.next()).in_progress, false);
  });

  it('end with the only word of a push whose progress is not wired', async () => {
    await home.start();
    home.press();
    await home.broker.shown.next();
    await home.entities.hearPush({ ...news, result: 'timeout' });
    assert.equal((await home.broker.shown.next()).in_progress, false);
  });

  it('count a press that comes twice once', async () => {
    await home.start({ silenceMs: 100 });
    let pressed = 0;
    home.onInstall = async () => {
      pressed += 1;
    };
    home.press();
    home.press();
    await home.broker.shown.nextThat(({ in_progress: working }) => !working);
    assert.equal(pressed, 1);
  });

  it('count a press that comes again later once, until something is heard of what was pressed', async () => {
    await home.start();
    let pressed = 0;
    home.onInstall = async () => {
      pressed += 1;
    };
    home.press();
    await home.broker.shown.next();
    const { now } = performance;
    performance.now = () => now.call(performance) + 60_000;
    home.resources.defer(() => {
      performance.now = now;
    });
    home.press();
    await home.broker.shown.next();
    assert.equal(pressed, 1);
    await home.entities.hearPush({ ...news, result: 'success' });
    await home.broker.shown.next();
    home.press();
    await home.broker.shown.next();
    assert.equal(pressed, 2);
  });

  it('answer each press, so that whoever else hears it knows that it is not lost', async () => {
    await home.start();
    home.press();
    home.press();
    assert.deepEqual(
      [(await home.broker.shown.next()).in_progress, (await home.broker.shown.next()).in_progress],
      [true, true],
    );
  });

  it('answer presses that come while one is open at once, and once more however many come', async () => {
    await home.start({ rates });
    for (let times = 0; times < 1000; times += 1) home.press();
    for (const _ of ['pressed', 'at once', 'once more'])
      assert.equal((await home.broker.shown.next()).in_progress, true);
    await home.entities.hearPush({ ...news, result: 'timeout' });
    assert.equal((await home.broker.shown.next()).in_progress, false, 'nothing more was shown before');
  });

  it('obey a press once in a second: what fails at once can’t be asked for without end', async () => {
    await home.start({ rates });
    let pressed = 0;
    home.onInstall = () => {
      pressed += 1;
      return Promise.reject(new Error('the bytes are gone'));
    };
    home.press();
    await home.broker.shown.nextThat(({ in_progress: working }) => !working);
    for (let times = 0; times < 100; times += 1) home.press();
    await home.broker.shown.next();
    assert.equal(pressed, 1);
  });

  describe('obey no press', () => {
    let pressed: number;
    const start = async (how: Start = {}) => {
      await home.start(how);
      pressed = 0;
      home.onInstall = async () => {
        pressed += 1;
      };
    };

    it('that may have been long ago', async () => {
      await start();
      home.broker.say('ota-push/update/lamp/install', 'install', true);
      await home.untilHeard();
      assert.equal(pressed, 0);
    });

    it('when they are closed before it is known what was offered', async () => {
      await start();
      await home.entities.close();
      await start({ isAgain: true });
      home.press();
      await home.entities.close();
      await home.untilHeard();
      assert.equal(pressed, 0);
    });

    it('when they were deleted', async () => {
      await start();
      home.broker.tell('{}');
      home.broker.tell('');
      await home.deleted.next();
      home.press();
      await home.untilHeard();
      assert.equal(pressed, 0);
    });
  });

  it('obey a press that follows the end of the push by somebody, however soon', async () => {
    await home.start();
    const results = ['success', 'cancelled'] as const;
    const obeyed: number[] = [];
    for (const result of results) {
      let pressed = 0;
      home.onInstall = async () => {
        pressed += 1;
      };
      home.press();
      await home.untilHeard();
      await home.entities.hearPush({ ...news, result });
      home.press();
      await home.untilHeard();
      obeyed.push(pressed);
      await home.entities.hearPush({ ...news, result: 'cancelled' });
    }
    assert.deepEqual(obeyed, [1, 2]);
  });

  it('have not lost a release that came while the one before was found to be gone', async () => {
    await home.start();
    home.onInstall = async () => {
      await home.offer({ ...release, version: '2.0' });
      throw new Error('the bytes are gone');
    };
    home.press();
    await home.broker.shown.nextThat(({ in_progress: working }) => working);
    await home.broker.shown.nextThat(({ in_progress: working }) => !working);
    await home.entities.close();
    const discovery = new Map(home.broker.sent).get('homeassistant/update/ota-push__lamp/config') ?? '';
    assert.doesNotMatch(discovery, /It is lost/);
  });

  it('obey nothing but a press of Install for a device that they have', async () => {
    await home.start();
    let pressed = 0;
    home.onInstall = async () => {
      pressed += 1;
    };
    home.broker.say('ota-push/update/lamp/install', 'INSTALL');
    home.broker.say('ota-push/update/other/install', 'install');
    home.press();
    await home.broker.shown.next();
    assert.equal(pressed, 1);
  });
});
