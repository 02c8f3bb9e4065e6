/**
 * A broker's URL as people may read it: without the login, whatever characters that holds, and without what follows a `?`, where some
 * keep one. A login that was not encoded may hold any of `/ ? # @`, so that the host begins after the last `@` of all.
 */
export function brokerName(url: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)?(.*)$/is.exec(url) ?? [];
  const host = rest.slice(rest.lastIndexOf('@') + 1);
  return scheme + host.replace(/[?#].*$/s, '');
}

/** The host name or address in it, as MQTT.js connects to it; undefined where there is none. */
export function brokerHost(url: string): string | undefined {
  try {
    return new URL(brokerName(url)).hostname.replace(/^\[(.*)\]$/, '$1') || undefined;
  } catch {
    return undefined; // Nobody connects to that; the broker node says so.
  }
}

/** By the scheme, where a URL names none: as MQTT.js has them. */
const usualPorts: Readonly<Record<string, number>> = {
  'mqtt:': 1883,
  'tcp:': 1883,
  'mqtts:': 8883,
  'ssl:': 8883,
  'tls:': 8883,
  'ws:': 80,
  'wss:': 443,
};

/** The port in it. @throws TypeError where it is no URL */
export function brokerPort(url: string): number {
  const { protocol, port } = new URL(brokerName(url));
  return Number(port) || (usualPorts[protocol] ?? 1883);
}

/** The host and port in it, for people; all of it where that is no URL. */
export function brokerAddress(url: string): string {
  const name = brokerName(url);
  try {
    return new URL(name).host || name;
  } catch {
    return name; // As with `brokerHost`.
  }
}
