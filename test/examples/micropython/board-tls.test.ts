import assert from 'node:assert/strict';
import { Board } from '../../peers/board';
import { freePort, startMosquitto } from '../../peers/brokers';
import { makeCertificate } from '../../peers/certificate';
import { describeNeeding } from '../../peers/needing';
import { program } from '../../peers/programs';
import { resourcesOfEachTest } from '../../peers/resources';
import { SmallSender } from '../../peers/small-sender';

// The builds of 32 bits have no TLS.
describeNeeding(['micropython', 'mosquitto', 'openssl'], 'A board that reaches its broker by TLS', () => {
  const resources = resourcesOfEachTest();

  it('listens, reports and takes a bad update back, though such a socket has no time limit of its own', async () => {
    const plain = await freePort();
    const broker = await resources.use(
      startMosquitto(['certfile {folder}/tls.pem', 'keyfile {folder}/tls.pem', `listener ${plain} 127.0.0.1`], {
        'tls.pem': await makeCertificate(),
      }),
    );
    const sender = await resources.use(SmallSender.connect({ ...broker, url: `mqtt://127.0.0.1:${plain}` }));
    const overTls = (version: number) =>
      program(broker.port, version, "print('time limit', hasattr(client.sock, 'settimeout'))")
        .replace(
          'import ota',
          'import ota\nimport ssl\ntls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\ntls.verify_mode = ssl.CERT_NONE',
        )
        .replace(`${broker.port})`, `${broker.port}, ssl=tls)`);
    const board = await resources.use(Board.start({ files: { 'main.py': overTls(1) } }));
    await board.waitFor('time limit False');
    await board.waitFor('ready');
    await sender.push('main.py', overTls(2));
    await board.waitFor('lamp version 2');
    assert.equal(await sender.report(), 'installed');
    assert.equal(await sender.report(), 'running');
    await sender.push('main.py', 'print("stuck")\nwhile True: pass\n');
    assert.equal((await sender.reports.nextThat(({ state }) => state === 'rolled_back')).file, 'main.py');
    await board.waitFor('ready');
    await sender.publish('set', 'on');
    await board.waitFor('got nightlamp/set on');
  });
});
