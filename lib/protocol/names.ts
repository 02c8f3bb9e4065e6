import { isIP } from 'node:net';

/** A device's hostname (protocol 4a): it is a level of an MQTT topic, so what topics give a meaning to is left out. */
const hostnamePattern = /^(?!\$)[!-~]{1,64}$/;
const notInHostname = /[+#/\\|]/;

/** Printable ASCII; what else may not stand in a filename is said in `filenameProblem`. */
const filenamePattern = /^[ -~]{1,200}$/;

/** Most filenames: nothing in them can be wrong, so they are not looked at more closely. */
const plainFilename = /^(?!tmp$)\w[\w.-]{0,199}$/;

/** A name that a resolver on the device can look up. */
const dnsNamePattern = /^[A-Za-z0-9_]([A-Za-z0-9_-]*)(\.[A-Za-z0-9_][A-Za-z0-9_-]*)*\.?$/;

/** What is wrong with a device's hostname (protocol 4a), as the end of a sentence; undefined when nothing is. */
export function hostnameProblem(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > 64) return `it has ${name.length} characters, at most 64 can be sent`;
  if (name.startsWith('$')) return 'it begins with $, which brokers keep for themselves';
  if (!hostnamePattern.test(name)) return 'only printable ASCII characters without spaces can be sent';
  if (notInHostname.test(name))
    return 'it holds one of + # / \\ | which mean something else in a topic or an announcement';
  return undefined;
}

/** What is wrong with a file's name on the device (protocol 4a), as the end of a sentence; undefined when nothing is. */
export function filenameProblem(name: string): string | undefined {
  if (plainFilename.test(name)) return undefined;
  if (name === '') return 'it is empty';
  if (name.length > 200) return `it has ${name.length} characters, at most 200 can be sent`;
  if (!filenamePattern.test(name)) return 'only printable ASCII characters can be sent';
  if (name.includes('|')) return 'it holds a |, which splits the fields of the announcement';
  if (name.includes('\\')) return 'it holds a \\; folders on a device are split by /';
  if (name.startsWith('/')) return 'it is an absolute path; give it from the root of the device without the first /';
  const parts = name.split('/');
  if (parts.includes('')) return 'a folder in it has no name';
  if (parts.includes('.') || parts.includes('..')) return 'a part of it is . or .. and would leave its folder';
  if (name === 'tmp') return 'tmp is the file in which devices receive';
  return undefined;
}

/** What is wrong with an address to announce (protocol 4a), as the end of a sentence; undefined when nothing is. */
export function hostProblem(host: string): string | undefined {
  if (isIP(host) !== 0 && !host.includes('%')) return undefined;
  if (host.length <= 253 && dnsNamePattern.test(host)) return undefined;
  return 'it is neither a host name nor an IPv4 or IPv6 address (without brackets, port or scheme)';
}
