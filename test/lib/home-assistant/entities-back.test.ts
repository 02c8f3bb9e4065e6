import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { PreviousVersion } from '../../../lib/home-assistant/entity';
import type { Release } from '../../../lib/home-assistant/release';
import { ReleaseStore } from '../../../lib/home-assistant/store';
import { Inbox } from '../../peers/inbox';
import { jobsOf, outcomeOf } from '../../peers/outcomes';
import { bytes, EntityStage, file, news, otherPush, rates, release } from './entity-stage';

describe('The entities and their way back', () => {
  const home = new EntityStage();

  it('can go back once something is kept that the device had before, and then no more', async () => {
    await home.start({ rates });
    assert.equal(await home.broker.button.next(), 'offline');
    await home.update();
    assert.equal(await home.broker.button.next(), 'online');
    const back = outcomeOf({ hash: file.sha1 });
    home.book.record(back, jobsOf(back, bytes), 'restore');
    assert.equal(await home.broker.button.next(), 'offline');
    assert.equal(await home.installed(), '1.0');
    home.end(otherPush, Buffer.from('print(2)'));
    assert.equal(await home.broker.button.next(), 'online');
    home.book.forget('lamp');
    assert.equal(await home.broker.button.next(), 'offline');
  });

  it('are in progress when they go back, to what was kept before, until the push has ended', async () => {
    await home.start({ rates });
    await home.update();
    const asked = new Inbox<PreviousVersion>();
    home.onPrevious = async (previous) => void asked.push(previous);
    const installs: Release[] = [];
    home.onInstall = async (pressed) => void installs.push(pressed);
    home.goBack();
    assert.equal((await home.broker.shown.next()).in_progress, true);
    const { filename, version, kept } = await asked.next();
    assert.deepEqual([filename, version, kept.sha256], ['main.py', '1.0', file.sha256]);
    home.goBack();
    home.press();
    assert.equal((await home.broker.shown.next()).in_progress, true, 'both are answered, and neither is obeyed');
    await home.entities.hearPush({ ...news, percent: 20 });
    assert.equal(
      (await home.broker.shown.nextThat(({ update_percentage: percent }) => percent !== null)).update_percentage,
      20,
    );
    await home.entities.hearPush({ ...news, result: 'success' });
    assert.equal((await home.broker.shown.next()).in_progress, false);
    assert.deepEqual([asked.all.length, installs], [1, []]);
  });

  it('are in progress no longer when nobody answers who goes back', async () => {
    await home.start({ rates, silenceMs: 100 });
    await home.update();
    home.goBack();
    for (const working of [true, false]) assert.equal((await home.broker.shown.next()).in_progress, working);
  });

  it('are in progress no longer when what they would go back to is gone', async () => {
    await home.start({ rates });
    await home.update();
    home.onPrevious = () => Promise.reject(new Error('the bytes are gone'));
    home.goBack();
    for (const working of [true, false]) assert.equal((await home.broker.shown.next()).in_progress, working);
  });

  it('say that there is nothing to go back to when that is pressed all the same', async () => {
    await home.start({ rates });
    home.goBack();
    const { in_progress: working } = await home.broker.shown.next();
    assert.equal(working, false);
  });

  it('have no button where nothing is ever kept, or a release is a set: its files would be of two versions', async () => {
    await home.start({ keep: 0 });
    assert.equal(await home.broker.button.next(), 'none');
    await home.entities.close();
    await home.start();
    assert.equal(await home.broker.button.next(), 'offline');
    await home.offer({ ...release, files: [file, file] });
    assert.equal(await home.broker.button.next(), 'none');
  });

  it('say once that they have no button, and again where the broker was not there to hear it', async () => {
    const set = { ...release, files: [file, file] };
    await home.start({ rates });
    assert.equal(await home.broker.button.next(), 'offline');
    home.broker.isOnline = false;
    await home.offer(set);
    home.broker.isOnline = true;
    home.broker.comeOnline();
    await home.broker.shown.next();
    home.broker.birth();
    await home.broker.shown.next();
    assert.deepEqual(home.broker.button.all, ['offline', 'none']);
    await home.offer();
    await home.offer(set);
    assert.deepEqual(home.broker.button.all, ['offline', 'none', 'offline', 'none']);
  });

  it('have no button that somebody has deleted, until the next release', async () => {
    await home.start({ rates });
    assert.equal(await home.broker.button.next(), 'offline');
    home.broker.tell('{}', 'button');
    home.broker.tell('', 'button');
    assert.equal(await home.broker.button.next(), 'none');
    await home.update();
    assert.deepEqual([home.deleted.all, home.entities.size, home.broker.button.all.length], [[], 1, 2]);
    const [[, record] = []] = [...(await new ReleaseStore(join(home.folder, 'releases')).load())];
    assert.equal(record?.isButtonDeleted, true);
    await home.offer();
    assert.equal(await home.broker.button.next(), 'online');
  });
});
