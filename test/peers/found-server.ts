import type { ServerProbe } from '../../nodes/ota-server/server-probe-answer';

/** What a test finds of a server that is as it has to be. */
export const foundServer: ServerProbe = {
  settings: { ports: '', bind: '', allow: '' },
  broker: { state: 'connected', at: 'house:1883' },
  host: { host: '192.168.4.2', kind: 'own', rule: 'broker' },
  network: '192.168.4.0/24',
  own: '192.168.4.2',
  enclosure: null,
  ports: { result: 'opens', port: 40_000 },
  system: 'linux',
};
