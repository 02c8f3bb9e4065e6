import type { Evidence } from './evidence';
import type { AttemptCode, PushFacts } from './outcome';
import { type Report, type ReportError, reportErrors } from './report';

/** One sentence each, for the person whose update failed at night. */
export interface Advice {
  readonly message: string;
  readonly remedy: string;
}

/** What happened and what to try, for each code. */
export const advise: Record<AttemptCode, (facts: PushFacts, evidence: Evidence) => Advice> = {
  no_connection: (facts, evidence) => ({
    message: `Nothing connected to ${place(facts)} within ${seconds(evidence)} after the file was announced on ${facts.topic}.`,
    remedy: whyNothingConnected(facts, evidence),
  }),
  stalled: (facts, evidence) => ({
    message: `${facts.target} (${facts.device}) connected to ${place(facts)}, then took no bytes and did not close for ${seconds(evidence)}; ${facts.sent} of ${facts.size} bytes were acknowledged.`,
    remedy: `Look at the device's log and its Wi-Fi signal, then push again; raise the timeout if it writes slowly. ${whatIsKnown(evidence)}`,
  }),
  broker_offline: (_facts, evidence) => ({
    message: `Node-RED was not connected to the broker ${evidence.broker} within ${seconds(evidence)}; nothing was announced.`,
    remedy: evidence.brokerConnectsByItself
      ? 'Check that the broker runs at this address and port and accepts the login; the MQTT nodes on this broker show "connecting" until it does.'
      : 'This broker node does not connect by itself: switch "Connect automatically" on in it, or send {action: "connect"} to an MQTT node first.',
  }),
  publish_failed: (facts, evidence) => ({
    message: `The broker ${evidence.broker} did not take the announcement of ${place(facts)} on ${facts.topic}: ${evidence.cause}.`,
    remedy: `Check that the login of Node-RED may publish on ${facts.topic} (the broker's ACL) and that the broker answers.`,
  }),
  listen_failed: (facts, evidence) => ({
    message: `No port of ${evidence.ports || 'this machine'} could be opened for ${facts.target}: ${evidence.cause}; nothing was announced.`,
    remedy:
      'Choose ports in the OTA server that no other program uses and that Node-RED may open (from 1024 on), and an address to listen on that this machine has.',
  }),
  interrupted: (facts, evidence) => ({
    message: `${facts.target} (${facts.device}) dropped the connection to ${place(facts)} before it had all ${facts.size} bytes: ${evidence.cause}.`,
    remedy: `Push again; if it recurs, look at the device's free flash and log, its power supply and its Wi-Fi signal, and whether something else scans port ${facts.port}. The old file is still in place.`,
  }),
  rejected: (facts) => ({
    message: `${facts.target} ${facts.report?.state === 'rolled_back' ? `took ${facts.filename} back` : `refused ${facts.filename}`}, announced from ${place(facts)}: it reported ${facts.report?.error ?? facts.report?.state} on ${facts.topic}/status.`,
    remedy: whatToDoAbout(facts.report),
  }),
  not_verified: (facts, evidence) => ({
    message: `${facts.target} (${facts.device}) took all ${facts.size} bytes of ${facts.filename} from ${place(facts)}${facts.verified === 'installed' ? ' and reported that it has installed it' : ''}, but ${missing(facts, evidence)} within ${evidence.verifyTimeoutMs / 1000} s.`,
    remedy: whyNotVerified(facts, evidence),
  }),
  cancelled: (facts, evidence) => ({
    message: `The push of ${facts.filename} to ${facts.target} was cancelled: ${evidence.cause}${facts.port === null ? '; nothing was announced' : ` while it was offered on ${place(facts)}`}.`,
    remedy:
      facts.port === null
        ? 'Send the file again when it is wanted.'
        : `Send the file again when it is wanted. ${whatIsKnown(evidence)}`,
  }),
};

/** What happened to a push that waited for a sleeping device, and what to try. */
export function adviseOnSleeper(
  { target, filename, port }: PushFacts,
  code: 'no_connection' | 'cancelled' | 'superseded',
  topic: string,
  waitMs: number,
  reason = '',
): Advice {
  const wait = `The push of ${filename} to ${target}, which waited for it to speak on ${topic},`;
  if (code === 'superseded') {
    return { message: `${wait} was replaced by a newer one.`, remedy: 'Nothing: the newer file waits in its place.' };
  }
  if (code === 'cancelled') {
    return { message: `${wait} was cancelled: ${reason}.`, remedy: 'Send the file again when it is wanted.' };
  }
  const heard = port === null ? 'heard nothing' : 'heard it, but nothing connected,';
  return {
    message: `${wait} ${heard} within ${waitMs / 3_600_000} hours.`,
    remedy: `Check that ${target} wakes, uses this broker and publishes on ${topic} when it does (upper and lower case count), and that it stays awake long enough to fetch the file.`,
  };
}

/** The likeliest cause first: what was seen speaks before what is only usual. */
function whyNothingConnected(facts: PushFacts, { refused, nobodySubscribed, hostKind, ports }: Evidence): string {
  const { target, host, port, topic } = facts;
  if (refused.length > 0) {
    return `${refused.join(', ')} tried to fetch it and was turned away: add the address to "Allowed addresses" of the OTA server if it is the device.`;
  }
  if (nobodySubscribed) {
    return `The broker says that nobody subscribes to ${topic}: the device is offline, uses another broker, or its hostname is not exactly ${target} (upper and lower case count).`;
  }
  const device = `Check that the device is on, uses this broker and that its hostname is exactly ${target} (upper and lower case count).`;
  const firewall = `Let the firewall of this machine pass TCP port ${ports === '' ? `${port} (fix a range under "Ports" first, now it is another one each time)` : ports}.`;
  const acl = 'A broker may also drop the announcement silently when its ACL forbids it.';
  switch (hostKind) {
    case 'loopback':
      return `${host} is this machine itself, no other machine reaches it: set "Advertised address" in the OTA server to the address that devices reach. ${device}`;
    case 'container':
      return `${host} is an address inside the container, devices can't reach it: set "Advertised address" in the OTA server to the host machine's address, fix "Ports" (now ${ports || 'any'}) and publish them from the container (-p). ${device}`;
    case 'elsewhere':
      return `${host} is not an address of this machine: check "Advertised address" in the OTA server, and that port ${port} is forwarded to here (container port mapping, NAT). ${device} ${firewall}`;
    case 'name':
      return `Check that devices can resolve ${host} ("Advertised address" in the OTA server; an IP address is surer) and that it leads here. ${device} ${firewall}`;
    case 'own':
      return `${device} ${firewall} Where Node-RED sits behind NAT or a container's port mapping, set "Advertised address" too. ${acl}`;
  }
}

function missing({ topic, verified }: PushFacts, { verify }: Evidence): string {
  if (verify === 'online' && verified !== 'delivered') return 'no fresh message came on its online topic';
  if (verify === 'online') return 'nothing came from it';
  return `no report that it ${verify === 'running' ? 'runs' : 'has installed'} it came on ${topic}/status`;
}

function whyNotVerified({ target, topic, verified }: PushFacts, { verify, isSigned }: Evidence): string {
  if (verify === 'online') {
    return `Look at the log of ${target}: it may still run its old file. If it is well, compare "Online topic" with what it publishes when it is back.`;
  }
  if (verified === 'installed') {
    return `It has not come back on the broker: look at its log and its Wi-Fi. A board with a way back takes the file back by itself and reports rolled_back; give it longer with "Verify timeout" if it starts slowly.`;
  }
  if (isSigned) {
    return `A board without this package's module takes the bytes and keeps its old file: put ota.py and its key on ${target}, or choose the basic form for it.`;
  }
  return `Only boards that run this package's module report: put ota.py on ${target}, or choose "delivered" under "Success when"; check also that the broker's ACL lets it publish on ${topic}/status.`;
}

const dueTo: Record<ReportError, string> = {
  bad_announcement: 'Its module does not understand the announcement: put the newest ota.py on the board.',
  bad_name:
    'Choose a name that the board may replace: not tmp, *.bak, boot.py, ota.py or a module that they need, unless its program allows it.',
  unsigned:
    'The board has a key and takes signed announcements only: choose the signed form, with the secret that its key was made from.',
  no_secret: 'The board has no key: give it its own, from the dialog of the OTA server, or choose the basic form.',
  bad_signature:
    "The board's key is another: give it the one that the dialog of the OTA server shows for exactly this hostname.",
  replayed:
    "The board has accepted a far later announcement: set the clock of this machine right, or start the board's counter over together with its key.",
  counter_lost: 'The board has lost its counter: give it its key once more over USB, which starts the counter anew.',
  no_space: 'Free space on the flash of the board: the old file, the new one and its backup must fit.',
  connect_failed:
    'The board could not connect, or the connection broke: check the advertised address, the firewall and its Wi-Fi signal, then push again.',
  timed_out: 'The board got no bytes for 10 seconds: check its Wi-Fi signal, then push again.',
  size_mismatch: 'The connection ended early: push again.',
  hash_mismatch:
    'Something between here and the board changed the bytes, or answered in our place: look for a proxy or another program on this port, then push again.',
  write_failed:
    'The board could not write the file: look at its flash and whether a folder in the name is a file there.',
};

function whatToDoAbout(report: Report | null): string {
  if (report?.state === 'rolled_back') {
    return 'The new program did not come back on the broker, so the file before it runs again: try the new one on a board at hand, and see whether the broker was down meanwhile.';
  }
  const error = reportErrors.find((one) => one === report?.error);
  return `${error ? dueTo[error] : 'Look at the log of the device.'} The old file is still in place.`;
}

function whatIsKnown({ handedOver }: Evidence): string {
  return handedOver
    ? 'The file was sent whole: whether the device has installed it is not known.'
    : 'The device has not got the whole file; the old one is still in place.';
}

function place({ host, port }: PushFacts): string {
  return `${host?.includes(':') ? `[${host}]` : host}:${port}`;
}

function seconds({ timeoutMs }: Evidence): string {
  return `${timeoutMs / 1000} s`;
}
