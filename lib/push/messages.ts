import { type Report, type ReportError, reportErrors } from '../protocol/report';
import type { HostKind } from './announced-host';
import type { Verify } from './job';
import type { AttemptCode, PushState } from './state';

/** What was seen that tells one cause from another. */
export interface Diagnostics {
  /** Milliseconds without progress after which a phase was given up. */
  readonly timeoutMs: number;
  /** What was asked for, and the milliseconds that the device had for it since the delivery. */
  readonly verify: Verify['level'];
  readonly verifyTimeoutMs: number;
  readonly isSigned: boolean;
  readonly broker: string;
  /** False: the broker node waits for a message to connect. */
  readonly brokerConnectsByItself: boolean;
  readonly hostKind: HostKind;
  /** As configured: empty for any free port. */
  readonly ports: string;
  /** Addresses that tried to fetch the file and were not allowed to. */
  readonly refused: readonly string[];
  /** Why nothing more can be opened now, in the system's words: then connections are turned away, and nobody is told. */
  readonly noDescriptor: string | undefined;
  /** False: the broker does not let us hear devices' reports. */
  readonly hearsReports: boolean;
  /** The broker has said that nobody listens on the topic (MQTT 5 only). */
  readonly nobodySubscribed: boolean;
  /** A report on this file that a signed push did not believe, since it is not signed with the device's key (protocol 6.7). */
  readonly unsigned: Report | undefined;
  /** Our kernel has the whole file and our FIN: nobody can call them back (protocol 2.6). */
  readonly isFlushed: boolean;
  /** In the words of what failed. */
  readonly cause: string;
}

/** What happened and what to try: one sentence each, for the person whose update failed at night. */
export interface FailureMessage {
  readonly message: string;
  readonly remedy: string;
}

/** What happened and what to try, for each code. */
export const describeFailure: Record<AttemptCode, (state: PushState, diagnostics: Diagnostics) => FailureMessage> = {
  no_connection: (state, diagnostics) => ({
    message: `Nothing connected to ${place(state)} within ${seconds(diagnostics)} after the file was announced on ${state.topic}.`,
    remedy: whyNothingConnected(state, diagnostics),
  }),
  stalled: (state, diagnostics) => ({
    message: `${state.target} (${state.device}) connected to ${place(state)}, then took no bytes and did not close for ${seconds(diagnostics)}; ${state.sent} of ${state.size} bytes were acknowledged.`,
    remedy: `Look at the device's log and its Wi-Fi signal, then push again; raise the timeout if it writes slowly. ${whatIsKnown(diagnostics)}`,
  }),
  broker_offline: (_state, diagnostics) => ({
    message: `Node-RED was not connected to the broker ${diagnostics.broker} within ${seconds(diagnostics)}; nothing was announced.`,
    remedy: diagnostics.brokerConnectsByItself
      ? 'Check that the broker runs at this address and port and accepts the login; the MQTT nodes on this broker show "connecting" until it does.'
      : 'This broker node does not connect by itself: switch "Connect automatically" on in it, or send {action: "connect"} to an MQTT node first.',
  }),
  publish_failed: (state, diagnostics) => ({
    message: `The broker ${diagnostics.broker} did not take the announcement of ${place(state)} on ${state.topic}: ${diagnostics.cause}.`,
    remedy: `Check that the login of Node-RED may publish on ${state.topic} (the broker's ACL) and that the broker answers.`,
  }),
  listen_failed: (state, diagnostics) => ({
    message: `No port of ${diagnostics.ports || 'this machine'} could be opened for ${state.target}: ${diagnostics.cause}; nothing was announced.`,
    remedy: lacksDescriptors(diagnostics.cause)
      ? `${moreDescriptors} Then push again.`
      : 'Choose ports in the OTA server that no other program uses and that Node-RED may open (from 1024 on), and an address to listen on that this machine has.',
  }),
  interrupted: (state, diagnostics) => ({
    message: `${state.target} (${state.device}) dropped the connection to ${place(state)} before it had all ${state.size} bytes: ${diagnostics.cause}.`,
    remedy: `Push again; if it recurs, look at the device's free flash and log, its power supply and its Wi-Fi signal, and whether something else scans port ${state.port}. The old file is still in place.`,
  }),
  rejected: (state) => ({
    message: `${state.target} ${state.report?.state === 'rolled_back' ? `took ${state.filename} back` : `refused ${state.filename}`}, announced from ${place(state)}: it reported ${whatWasReported(state.report)} on ${state.topic}/status.`,
    remedy: whatToDoAbout(state.report),
  }),
  not_verified: (state, diagnostics) => ({
    message: `${state.target} (${state.device}) took all ${state.size} bytes of ${state.filename} from ${place(state)}${state.verified === 'installed' ? ' and reported that it has installed it' : ''}, but ${missing(state, diagnostics)} within ${diagnostics.verifyTimeoutMs / 1000} s.`,
    remedy: whyNotVerified(state, diagnostics),
  }),
  cancelled: (state, diagnostics) => ({
    message: `The push of ${state.filename} to ${state.target} was cancelled: ${diagnostics.cause}${state.port === null ? '; nothing was announced' : ` while it was offered on ${place(state)}`}.`,
    remedy:
      state.port === null
        ? 'Send the file again when it is wanted.'
        : `Send the file again when it is wanted. ${whatIsKnown(diagnostics)}`,
  }),
};

/** Who else came for the file, which one address only should. */
export function describeOthers({ others, target }: PushState): string {
  return `${others.join(', ')} fetched the same offer: perhaps another device has the hostname ${target} too.`;
}

/** What happened to a push that waited for a sleeping device, and what to try. */
export function describeWait(
  { target, filename, port }: PushState,
  code: 'no_connection' | 'cancelled' | 'superseded',
  topic: string,
  waitMs: number,
  reason = '',
): FailureMessage {
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
    remedy: `Check that ${target} wakes, uses this broker and publishes on ${topic} when it does (upper and lower case count), that it stays awake long enough to fetch the file, and that the broker's ACL lets Node-RED read ${topic}.`,
  };
}

/** Why a push was not taken, and what to try. @param fullness of what waits already, for people */
export function describeFull({ target, filename }: PushState, fullness: string): FailureMessage {
  return {
    message: `The push of ${filename} to ${target} was not taken: too many wait at this OTA server already, ${fullness}; nothing was announced.`,
    remedy:
      'See what they wait for (devices that sleep, a broker that is away), and cancel with msg.reset what is not wanted any more. Send fewer at once, or the same file to many devices with an OTA rollout.',
  };
}

/** The likeliest cause first: what was seen speaks before what is only usual. */
function whyNothingConnected(state: PushState, diagnostics: Diagnostics): string {
  const { refused, noDescriptor, nobodySubscribed, unsigned, hostKind, ports } = diagnostics;
  const { target, host, port, topic } = state;
  if (unsigned) return whatUnsignedReportSays(state, unsigned);
  if (noDescriptor)
    return `The device may have been turned away (${noDescriptor}). ${moreDescriptors} Then push again.`;
  if (refused.length > 0) {
    return `${refused.join(', ')} tried to fetch it and was turned away: add the address to "Allowed addresses" of the OTA server if it is the device.`;
  }
  if (nobodySubscribed) {
    return `The broker says that nobody subscribes to ${topic}: the device is offline, uses another broker, or its hostname is not exactly ${target} (upper and lower case count).`;
  }
  const device = `Check that the device is on, listens for announcements and uses this broker, and that its hostname is exactly ${target} (upper and lower case count).`;
  const firewall = `Let the firewall of this machine pass TCP port ${ports === '' ? `${port} (fix a range under "Ports" first, now it is another one each time)` : ports}.`;
  const acl = 'A broker may also drop the announcement silently when its ACL forbids it.';
  switch (hostKind) {
    case 'loopback':
      return `${host} is this machine itself, no other machine reaches it: set "Advertised address" in the OTA server to the address that devices reach. ${device}`;
    case 'container':
      return `${host} is an address inside the container, devices can't reach it: set "Advertised address" in the OTA server to the host machine's address, fix "Ports" (now ${ports || 'any'}) and publish them from the container (-p). ${device}`;
    case 'add-on':
      return `${host} is an address inside the add-on, devices can't reach it: type the address of Home Assistant's machine (there under Settings > System > Network) into "Advertised address" of the OTA server, and into "Ports" (now ${ports || 'any'}) what the add-on's page has under Configuration > Network. An add-on with the host's network, such as the community's Node-RED, needs neither. ${device}`;
    case 'guests':
      return `${host} is the address of this machine in a network of its own containers or virtual machines, devices can't reach it: set "Advertised address" in the OTA server to the address of this machine that devices reach. ${device} ${firewall}`;
    case 'wsl':
      return `${host} is an address inside WSL, devices can't reach it: set networkingMode=mirrored in .wslconfig and let Windows' firewall pass the ports; or set "Advertised address" in the OTA server to Windows' address, fix "Ports" (now ${ports || 'any'}) and forward them to WSL (netsh interface portproxy). ${device}`;
    case 'elsewhere':
      return `${host} is not an address of this machine: check "Advertised address" in the OTA server, and that port ${port} is forwarded to here (container port mapping, NAT). ${device} ${firewall}`;
    case 'name':
      return `Check that devices can resolve ${host} ("Advertised address" in the OTA server; an IP address is surer) and that it leads here. ${device} ${firewall}`;
    case 'own':
      return `${device} ${firewall} Where Node-RED sits behind NAT or a container's port mapping, set "Advertised address" too. ${acl}`;
  }
}

/** The process, or the whole system, has as many files and connections open as it may. */
function lacksDescriptors(cause: string): boolean {
  return /\bE[MN]FILE\b/.test(cause);
}

const moreDescriptors =
  'Node-RED has more files and connections open than it may: look for what leaves them open, or raise the limit (ulimit -n; LimitNOFILE in its systemd unit; --ulimit nofile of a container).';

function missing({ topic, verified }: PushState, { verify }: Diagnostics): string {
  if (verify === 'online' && verified !== 'delivered') return 'no fresh message came on its online topic';
  if (verify === 'online') return 'nothing came from it';
  return `no report that it ${verify === 'running' ? 'runs' : 'has installed'} it came on ${topic}/status`;
}

function whyNotVerified(state: PushState, diagnostics: Diagnostics): string {
  const { target, topic, verified } = state;
  const { verify, isSigned, hearsReports, unsigned, broker } = diagnostics;
  if (unsigned) return whatUnsignedReportSays(state, unsigned);
  if (verify === 'online') {
    return `Look at the log of ${target}: it may still run its old file. If it is well, compare "Online topic" with what it publishes when it is back.`;
  }
  if (verified === 'installed') {
    return `It has not come back on the broker: look at its log and its Wi-Fi. A board with a way back takes the file back by itself and reports rolled_back; give it longer with "Verify timeout" if it starts slowly.`;
  }
  if (!hearsReports) {
    return `The broker ${broker} does not let Node-RED hear reports: let its login read ${topic}/status (the broker's ACL), then deploy again.`;
  }
  if (isSigned) {
    return `A board without this package's module takes the bytes and keeps its old file: put ota.py and its key on ${target}, or choose the basic form for it.`;
  }
  return `Only boards that run this package's module report: put ota.py on ${target}, or choose "delivered" under "Success when"; check also that the broker's ACL lets it publish on ${topic}/status.`;
}

/** A signed push does not believe it, but it may well be true. */
function whatUnsignedReportSays({ target, topic }: PushState, report: Report): string {
  const error = reportErrors.find((one) => one === report.error);
  const remedy = error
    ? remedies[error]
    : `Put the newest ota.py on ${target}, and its key from the dialog of the OTA server.`;
  return `A report that is not signed with the key of ${target} said ${whatWasReported(report)} on ${topic}/status. ${remedy}`;
}

const remedies: Record<ReportError, string> = {
  bad_announcement: 'Its module does not understand the announcement: put the newest ota.py on the board.',
  bad_name:
    'Choose a name that the board may replace: not *.ota-old, boot.py, ota.py or a module that they need, unless its program allows it.',
  shadowed:
    'A folder of that name, or a .py beside the .mpy, would go on running in its place: remove it from the board, or push under its name.',
  unsigned:
    'The board has a key and takes signed announcements only: choose the signed form, with the secret that its key was made from.',
  no_secret: 'The board has no key: give it its own, from the dialog of the OTA server, or choose the basic form.',
  no_sha1:
    "The board's MicroPython has no SHA-1, as it was built without TLS: choose the signed form, which needs none, and give the board its key.",
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
  watchdog:
    "The board's watchdog restarted it during the download: let the module feed it, with ota.start(…, feed=wdt.feed), or give it more time than 10 seconds.",
  internal:
    'MemoryError: the program leaves the module too little memory, for which ota.mpy needs less than ota.py. Any other exception is a mistake in the module: put the newest on the board, or report it.',
};

function whatWasReported(report: Report | null): string {
  const exception = report?.exception ? ` (${report.exception})` : '';
  return `${report?.error ?? report?.state}${exception}`;
}

function whatToDoAbout(report: Report | null): string {
  if (report?.state === 'rolled_back') {
    return 'The new program did not come back on the broker, so the file before it runs again: try the new one on a board at hand, and see whether the broker was down meanwhile.';
  }
  const error = reportErrors.find((one) => one === report?.error);
  return `${error ? remedies[error] : 'Look at the log of the device.'} The old file is still in place.`;
}

function whatIsKnown({ isFlushed }: Diagnostics): string {
  return isFlushed
    ? 'The file was sent whole: whether the device has installed it is not known.'
    : 'The device has not got the whole file; the old one is still in place.';
}

function place({ host, port }: PushState): string {
  return `${host?.includes(':') ? `[${host}]` : host}:${port}`;
}

function seconds({ timeoutMs }: Diagnostics): string {
  return `${timeoutMs / 1000} s`;
}
