import assert from 'node:assert/strict';
import { Editor, pushForm, serverForm } from '../peers/editor';

/** The OTA push of the flow "Push one file". */
const pushId = 'd86f031b9e4ca257';

const words = {
  'en-US': {
    push: ['Server', 'Device', 'File', 'File name', 'More', 'Restart', 'Timeout (s)', 'Name'],
    server: [
      'Broker',
      'Advertised address',
      'Ports',
      'More',
      'Allowed addresses',
      'Listen on',
      'Topic',
      'Pushes at once',
      'Name',
    ],
    placeholders: [
      'automatic; needed behind Docker or NAT',
      'any free port; 1233; 40000-40100',
      'anyone; 192.168.4.0/24, 10.0.0.7',
      'all addresses of this machine',
      'Name',
    ],
    help: { 'ota-push': ['Inputs', 'Outputs', 'Details'], 'ota-server': ['Details'] },
    opening: 'Pushes a file to a MicroPython device',
  },
  de: {
    push: ['Server', 'Gerät', 'Datei', 'Dateiname', 'Mehr', 'Neustart', 'Zeitlimit (s)', 'Name'],
    server: [
      'Broker',
      'Angekündigte Adresse',
      'Ports',
      'Mehr',
      'Erlaubte Adressen',
      'Lauschen auf',
      'Topic',
      'Pushes zugleich',
      'Name',
    ],
    placeholders: [
      'automatisch; bei Docker oder NAT nötig',
      'irgendein freier Port; 1233; 40000-40100',
      'alle; 192.168.4.0/24, 10.0.0.7',
      'alle Adressen dieses Rechners',
      'Name',
    ],
    help: { 'ota-push': ['Eingangsdaten', 'Ausgangsdaten', 'Details'], 'ota-server': ['Details'] },
    opening: 'Überträgt eine Datei per Funk auf ein MicroPython-Gerät',
  },
};
