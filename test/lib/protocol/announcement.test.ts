import assert from 'node:assert/strict';
import { type Announcement, formatAnnouncement, hashOf, parseAnnouncement } from '../../../lib/protocol/announcement';
import { filenameProblem, hostnameProblem, hostProblem } from '../../../lib/protocol/names';

const hash = 'd878bd7ed0532ac01ec9e6c943103dd0c1bd1279';
const lamp: Announcement = { host: '192.168.4.2', port: 40001, filename: 'lib/lamp.py', hash, reboot: true };

describe('An announcement (protocol 1.2)', () => {
  it('has four fields to restart, the form that every device understands (protocol 1.3)', () => {
    assert.equal(formatAnnouncement(lamp), `192.168.4.2|40001|lib/lamp.py|${hash}`);
  });

  it('has a fifth, 0, to stay up', () => {
    assert.equal(formatAnnouncement({ ...lamp, reboot: false }), `192.168.4.2|40001|lib/lamp.py|${hash}|0`);
  });

  it('is never shorter than the 45 bytes under which first-generation devices ignore it (protocol 4)', () => {
    const shortest = formatAnnouncement({ host: 'a', port: 1, filename: 'b', hash, reboot: true });
    assert.ok(shortest.length >= 45, `${shortest.length} bytes`);
  });

  it('reads what it has written, and what senders of others write', () => {
    assert.deepEqual(parseAnnouncement(formatAnnouncement(lamp)), lamp);
    assert.deepEqual(parseAnnouncement(formatAnnouncement({ ...lamp, reboot: false })), { ...lamp, reboot: false });
    assert.deepEqual(parseAnnouncement(`192.168.4.2|40001|lib/lamp.py|${hash}|1`), lamp);
  });

  const malformed: [string, string, RegExp][] = [
    ['is empty', '', /host name/],
    ['has three fields', '192.168.4.2|40001|main.py', /hash/],
    ['has six fields', `192.168.4.2|40001|main.py|${hash}|1|2`, /more than five fields/],
    ['has a port that is no number', `192.168.4.2|0x50|main.py|${hash}`, /port is no number/],
    ['has a port above 65535', `192.168.4.2|65536|main.py|${hash}`, /port is above/],
    ['has an upper-case hash', `192.168.4.2|40001|main.py|${hash.toUpperCase()}`, /hash/],
    ['ends in a newline', `192.168.4.2|40001|main.py|${hash}\n`, /hash/],
    ['has a fifth field that is empty', `192.168.4.2|40001|main.py|${hash}|`, /fifth field/],
    ['names a file outside', `192.168.4.2|40001|../main.py|${hash}`, /leave its folder/],
  ];
  for (const [what, text, says] of malformed) {
    it(`is none when it ${what}`, () => {
      assert.throws(() => parseAnnouncement(text), says);
    });
  }

  it('carries the SHA-1 of the bytes in lower-case hex', () => {
    assert.equal(hashOf(Buffer.alloc(3800, 'lamp ')), hash);
    assert.equal(hashOf(Buffer.alloc(0)), 'da39a3ee5e6b4b0d3255bfef95601890afd80709');
  });
});

describe('What can be named (protocol 4a)', () => {
  const tables: [string, (name: string) => string | undefined, string[], string[]][] = [
    [
      'hostname',
      hostnameProblem,
      ['n', 'NIGHTLAMP', 'esp-32_a.b', 'n'.repeat(64), 'a$b', '~!@%^&*()=:;"\'<>,?[]{}`'],
      ['', 'n'.repeat(65), '$a', 'a b', 'a+b', 'a#', 'a/b', 'a\\b', 'a|b', 'ä', 'a\n', '\x7f'],
    ],
    [
      'filename',
      filenameProblem,
      ['main.py', 'lib/lamp.py', 'a b.txt', 'n'.repeat(200), 'tmp2', 'lib/tmp', '.hidden', '...', 'a..b', '$+#'],
      ['', 'n'.repeat(201), 'tmp', '/a', 'a/', 'a//b', '.', '..', 'a/./b', 'a/../b', 'a|b', 'a\\b', 'ä', 'a\tb', 'a\n'],
    ],
    [
      'advertised host',
      hostProblem,
      ['192.168.4.2', 'server', 'node-red.local', 'server.lan.', 'fd00::2', '::1', '_ota.lan'],
      ['', 'a b', 'a|b', '[fd00::2]', 'http://a', 'a:1883', 'fe80::1%eth0', '-a', 'a..b', 'ä', `${'n'.repeat(254)}`],
    ],
  ];
  for (const [what, problemOf, good, bad] of tables) {
    for (const name of good) {
      it(`takes ${JSON.stringify(name)} as ${what}`, () => {
        assert.equal(problemOf(name), undefined);
      });
    }
    for (const name of bad) {
      it(`refuses ${JSON.stringify(name)} as ${what}`, () => {
        assert.equal(typeof problemOf(name), 'string');
      });
    }
  }
});
