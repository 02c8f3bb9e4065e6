import { parseAllow } from '../../lib/protocol/address-list';
import { type PortRange, parsePorts } from '../../lib/protocol/port-range';
import type { HostKind } from '../../lib/push/announced-host';
import type { ServerProbe } from './server-probe-answer';

/** What a test has found, for people. */
export interface Line {
  /** It is as it has to be; it is not; or something to know, or to do. */
  readonly mark: 'good' | 'bad' | 'hint';
  readonly text: string;
  /** To be typed somewhere: one or more lines. */
  readonly code?: string;
}

type Translate = (key: string, values?: Readonly<Record<string, string>>) => string;

/** An example where none are typed: enough for 20 pushes at once. */
const examplePorts = { first: 40_000, last: 40_019 };

/** Whether devices reach a host of this kind; of the others a warning says what to do. */
const isReached: Readonly<Record<HostKind, boolean>> = {
  own: true,
  elsewhere: true,
  name: true,
  loopback: false,
  guests: false,
  container: false,
  'add-on': false,
  wsl: false,
};

/** @param translate looks a word of the server's or of the package's up */
export function linesOf(test: ServerProbe, translate: Translate): Line[] {
  return [
    brokerLine(test, translate),
    ...hostLines(test, translate),
    portLine(test, translate),
    wayLine(test, translate),
  ];
}

function brokerLine({ broker }: ServerProbe, translate: Translate): Line {
  const key = `ota-server.test.broker.${broker.state}`;
  if (broker.state === 'problem') {
    const { trouble, at, detail } = broker;
    const reason = translate(`node-red-contrib-ota-push/ota-push:ota-push.connection.${trouble}`, { at, detail });
    return { mark: 'bad', text: translate(key, { reason }) };
  }
  const isGood = broker.state === 'connected';
  const text = translate(key, 'at' in broker ? { at: broker.at } : {});
  if (broker.state === 'none') return { mark: 'bad', text };
  // Whoever sets a server up for the first time meets a broker that is not deployed yet: nothing is wrong with it.
  return { mark: isGood ? 'good' : 'hint', text };
}

function hostLines({ host: { host, kind, rule } }: ServerProbe, translate: Translate): Line[] {
  const values = { host, rule: translate(`ota-server.test.rule.${rule}`) };
  if (isReached[kind]) {
    const mark = kind === 'own' ? 'good' : 'hint';
    return [{ mark, text: translate(`ota-server.test.host.${kind}`, values) }];
  }
  return [
    { mark: 'hint', text: translate('ota-server.test.host.announced', values) },
    { mark: 'bad', text: translate(`ota-server.warnings.${kind}`, { host }) },
  ];
}

function portLine({ ports, settings }: ServerProbe, translate: Translate): Line {
  const isAny = ports.result === 'opens' && settings.ports === '';
  const values = {
    ports: settings.ports,
    bind: settings.bind,
    port: 'port' in ports ? String(ports.port) : '',
    detail: 'detail' in ports ? ports.detail : '',
  };
  const isGood = ports.result === 'opens' || ports.result === 'in-use';
  const text = translate(`ota-server.test.ports.${isAny ? 'any' : ports.result}`, values);
  return { mark: isGood ? 'good' : 'bad', text };
}

/** What stands between the port and devices: the firewall of this machine, or what this machine is shut up in. */
function wayLine(test: ServerProbe, translate: Translate): Line {
  const range = parsePorts(test.settings.ports);
  const isFixed = !('any' in range);
  const { first, last } = isFixed ? range : examplePorts;
  const ports = first === last ? String(first) : `${first}-${last}`;
  const key = `${test.enclosure ?? 'firewall'}.${isFixed ? 'fixed' : 'any'}`;
  const text = translate(`ota-server.test.way.${key}`, { ports });
  return { mark: 'hint', text, ...codeFor(test, { first, last }, ports) };
}

function codeFor(
  { enclosure, own, network, system, settings }: ServerProbe,
  { first, last }: Exclude<PortRange, { any: true }>,
  ports: string,
): { readonly code?: string } {
  const windows = `netsh advfirewall firewall add rule name="OTA push" dir=in action=allow protocol=TCP localport=${ports}`;
  if (enclosure === 'container') {
    const published = `${ports}:${ports}`;
    const run = `docker run -p 1880:1880 -p ${published} -v node_red_data:/data nodered/node-red`;
    return { code: `${run}\n\nports:\n  - "1880:1880"\n  - "${published}"` };
  }
  if (enclosure === 'add-on') return { code: 'ha network info' };
  if (enclosure === 'wsl') {
    const forward = `netsh interface portproxy add v4tov4 listenport=${first} connectport=${first} connectaddress=${own}`;
    return { code: `${forward}\n${windows}` };
  }
  if (system === 'windows') return { code: windows };
  if (system !== 'linux') return {};
  const wanted = first === last ? String(first) : `${first}:${last}`;
  const allowed = parseAllow(settings.allow).map(({ address, bits, family }) =>
    bits === (family === 'ipv6' ? 128 : 32) ? address : `${address}/${bits}`,
  );
  const sources = allowed.length > 0 ? allowed : [network ?? 'any'];
  return { code: sources.map((source) => `sudo ufw allow from ${source} to any port ${wanted} proto tcp`).join('\n') };
}
