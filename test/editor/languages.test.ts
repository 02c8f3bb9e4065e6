import assert from 'node:assert/strict';
import { Editor, inFlow, pushForm, serverForm } from '../peers/editor';
import { describeNeeding } from '../peers/needing';
import { resourcesOfSuite } from '../peers/resources';
import { pushDefaults } from '../peers/test-flow';

/** What is to be read in each language, top down. */
const words = {
  'en-US': {
    connected: /^connected$/,
    pushTitle: 'Edit OTA push node',
    push: ['Server', 'Device', 'File', 'File name', 'More', 'Name'],
    morePush: [
      'Server',
      'Device',
      'File',
      'File name',
      'More',
      'Check',
      'Restart',
      'Timeout (s)',
      'Unchanged',
      'Retries',
      'Announce on',
      'Success when',
      'Verify timeout (s)',
      'Progress',
      'Announcement',
      'Name',
    ],
    serverTitle: 'Edit OTA server node',
    server: ['Broker', 'Advertised address', 'Ports', 'Test', 'Announcement', 'More', 'Name'],
    signed: ['Secret', "A device's key"],
    moreServer: ['Allowed addresses', 'Listen on', 'Topic', 'Pushes at once', 'Versions to keep', 'Name'],
    placeholders: [
      'automatic; set it in Docker, NAT',
      'any free port; 1233; 40000-40100',
      'only to sign',
      "the device's hostname",
      'anyone; 192.168.4.0/24, 10.0.0.7',
      'all addresses of this machine',
      'Name',
    ],
    help: {
      'OTA push': ['Pushes a file to a MicroPython device', 'Inputs', 'Outputs', 'Details'],
      'OTA server': ['This server as devices see it', 'Details'],
    },
  },
  de: {
    connected: /^Verbunden$/,
    pushTitle: "Node 'OTA push' bearbeiten",
    push: ['Server', 'Gerät', 'Datei', 'Dateiname', 'Mehr', 'Name'],
    morePush: [
      'Server',
      'Gerät',
      'Datei',
      'Dateiname',
      'Mehr',
      'Prüfung',
      'Neustart',
      'Zeitlimit (s)',
      'Unverändert',
      'Wiederholungen',
      'Ankündigen bei',
      'Erfolg, wenn',
      'Prüfzeit (s)',
      'Fortschritt',
      'Ankündigung',
      'Name',
    ],
    serverTitle: "Node 'OTA-Server' bearbeiten",
    server: ['Broker', 'Angekündigte Adresse', 'Ports', 'Test', 'Ankündigung', 'Mehr', 'Name'],
    signed: ['Geheimnis', 'Geräteschlüssel'],
    moreServer: ['Erlaubte Adressen', 'Lauschen auf', 'Topic', 'Gleichzeitige Pushes', 'Versionen behalten', 'Name'],
    placeholders: [
      'automatisch; bei Docker, NAT nötig',
      'beliebig; 1233; 40000-40100',
      'nur zum Signieren',
      'der Hostname des Geräts',
      'alle; 192.168.4.0/24, 10.0.0.7',
      'alle Adressen dieses Rechners',
      'Name',
    ],
    help: {
      'OTA push': [
        'Überträgt eine Datei per Funk auf ein MicroPython-Gerät',
        'Eingangsdaten',
        'Ausgangsdaten',
        'Details',
      ],
      'OTA-Server': ['Dieser Server, wie Geräte ihn sehen', 'Details'],
    },
  },
};

for (const [locale, expected] of Object.entries(words)) {
  describeNeeding(['chromium'], `the editor in ${locale}`, function () {
    this.timeout(120_000);
    const resources = resourcesOfSuite();
    let editor: Editor;

    before(async () => {
      editor = await resources.use(Editor.open({ locale }));
    });

    afterEach(() => editor.undoAll());

    const title = () => editor.page.locator('.red-ui-tray-breadcrumbs:visible li').last().textContent();

    it('has every word of the dialogs in this language, the less used fields folded', async () => {
      await editor.edit(inFlow.push);
      assert.equal(await title(), expected.pushTitle);
      assert.deepEqual(await editor.labels(pushForm), expected.push);
      await editor.unfold('ota-push');
      assert.deepEqual(await editor.labels(pushForm), expected.morePush);
      await assertNoRawKey();
      await editor.editServer();
      assert.equal(await title(), expected.serverTitle);
      assert.deepEqual(await editor.labels(serverForm), expected.server);
      await editor.page.locator('#ota-server-test').click();
      await editor.page.locator('#ota-server-test-answer .ota-test-good').first().waitFor();
      await editor.page.locator('#node-config-input-format').selectOption('signed');
      assert.deepEqual((await editor.labels(serverForm)).slice(5, 7), expected.signed);
      await editor.unfold('ota-server');
      assert.deepEqual((await editor.labels(serverForm)).slice(-6), expected.moreServer);
      assert.deepEqual(
        await editor.evaluate(
          `[...document.querySelectorAll('${serverForm} [placeholder]')].map((input) => input.placeholder)`,
        ),
        expected.placeholders,
      );
      await assertNoRawKey();
    });

    it('has the help of both nodes in this language', async () => {
      for (const [title, [beginning = '', ...headings]] of Object.entries(expected.help)) {
        const help = await editor.help(title);
        await help.getByText(beginning).waitFor();
        assert.equal(await help.locator('h1').textContent(), title);
        assert.deepEqual(
          (await help.locator('h3').allInnerTexts()).map((heading) => heading.trim()),
          headings,
        );
      }
    });

    it('shows a status without a device in its own language, as the MQTT nodes do', async () => {
      await editor.add({ id: 'a0b1c2d3e4f50617', type: 'ota-push', server: inFlow.server, y: 300, ...pushDefaults });
      const status = editor.page.locator('[id="a0b1c2d3e4f50617"] .red-ui-flow-node-status-group text');
      await status.filter({ hasText: expected.connected }).waitFor();
    });

    async function assertNoRawKey(): Promise<void> {
      const html = await editor.evaluate<string>('document.querySelector(".red-ui-tray:last-child").innerText');
      assert.doesNotMatch(html, /ota-(push|server)\.\w/);
    }
  });
}
