import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { startMosquitto } from '../peers/brokers';
import { Inbox } from '../peers/inbox';
import { connectClient } from '../peers/mqtt-client';
import { describeNeeding } from '../peers/needing';
import { type Resources, resourcesOfSuite } from '../peers/resources';
import { root } from '../peers/root';
import { runProgram } from '../peers/run-program';
import { temporaryFolder } from '../peers/temporary-folder';

const users = ['node-red', 'nightlamp', 'daylamp', 'home-assistant'] as const;

describeNeeding(['mosquitto'], 'The ACL that docs/security.md shows', () => {
  const resources = resourcesOfSuite();

  const clients = {} as Record<(typeof users)[number], MqttClient>;

  before(async () => {
    const security = await readFile(join(root, 'docs/security.md'), 'utf8');
    const acl = /```\n( *user node-red\n[^`]*)```/.exec(security)?.[1] ?? assert.fail('docs/security.md shows none');
    const passwords = await passwordFile(resources);
    const settings = ['allow_anonymous false', 'password_file {folder}/passwords', 'acl_file {folder}/acl'];
    const house = 'user home-assistant\ntopic readwrite #\n';
    const files = { passwords, acl: acl.replace(/^ +/gm, '').replace('pattern', `${house}pattern`) };
    const broker = await resources.use(startMosquitto(settings, files));
    for (const user of users) {
      const login = { username: user, password: 'secret', clientId: user };
      clients[user] = await connectClient(resources, broker.url, login);
    }
  });

  /** What a user hears of a topic from all the others, of whom Node-RED or the board itself comes last. */
  async function hears(user: (typeof users)[number], topic: string, from: readonly (typeof users)[number][]) {
    const heard = new Inbox<string>();
    const onMessage = (_topic: string, payload: Buffer) => heard.push(payload.toString());
    clients[user].on('message', onMessage);
    await clients[user].subscribeAsync(topic);
    for (const sender of from) await clients[sender].publishAsync(topic, `of ${sender}`, { qos: 1 });
    const first = await heard.next();
    clients[user].off('message', onMessage);
    return first;
  }

  it('lets Node-RED announce to a board, and no other board', async () => {
    assert.equal(await hears('nightlamp', 'nightlamp/OTA', ['daylamp', 'nightlamp', 'node-red']), 'of node-red');
  });

  it('lets Node-RED see whether the broker keeps its announcements (protocol 1.4)', async () => {
    assert.equal(await hears('node-red', 'nightlamp/OTA', ['daylamp', 'nightlamp', 'node-red']), 'of node-red');
  });

  it('lets Node-RED show entities to Home Assistant and be told by it, and no board', async () => {
    const boards = ['daylamp', 'nightlamp'] as const;
    const kinds = ['update', 'button'];
    const discovery = kinds.map((kind) => `homeassistant/${kind}/ota-push__lamp/config`);
    const shown = [...discovery, 'ota-push/update/nightlamp/state'];
    for (const topic of [...shown, 'ota-push/update/nightlamp/previous']) {
      assert.equal(await hears('home-assistant', topic, [...boards, 'node-red']), 'of node-red');
    }
    for (const topic of ['ota-push/update/nightlamp/install', 'homeassistant/status', ...shown]) {
      assert.equal(await hears('node-red', topic, [...boards, 'home-assistant']), 'of home-assistant');
    }
  });

  it('lets a board report for itself, and not for another', async () => {
    assert.equal(await hears('node-red', 'nightlamp/OTA/status', ['daylamp', 'nightlamp']), 'of nightlamp');
  });
});

/** Mosquitto's own, with the same password for all. */
async function passwordFile(resources: Resources): Promise<string> {
  const file = join(await temporaryFolder(resources, 'passwords'), 'passwords');
  for (const [number, user] of users.entries()) {
    const create = number === 0 ? ['-c'] : [];
    await runProgram(resources, 'mosquitto_passwd', ['-b', ...create, file, user, 'secret']);
  }
  return readFile(file, 'utf8');
}
