import { createHmac, timingSafeEqual } from 'node:crypto';

/** How a server announces, and which reports it believes. */
export interface Signing {
  readonly format: 'basic' | 'signed';
  /** The master secret (protocol 6.1); empty where there is none. */
  readonly secret: string;
}

/** The key of one device, 64 hex digits: all that its board is given, so that one that is read out opens no other (protocol 6.1). */
export function deviceKey(secret: string, hostname: string): string {
  return createHmac('sha256', secret).update(hostname).digest('hex');
}

/** The signature of an announcement, lower-case hex, over its bytes up to and without the last `|` (protocol 6.2). */
export function signatureOf(text: string, key: string): string {
  return createHmac('sha256', Buffer.from(key, 'hex')).update(text).digest('hex');
}

/** The end of a signed report (protocol 6.7): what is before it is signed. */
const macOfReport = /, "mac": "([0-9a-f]{64})"\}$/;

/** Whether a report is signed with this key (protocol 6.7). @param payload as it came: the signature is over its bytes */
export function isSignedReport(payload: Buffer, key: string): boolean {
  // One character for each byte, so that positions in the text are positions in the payload.
  const match = macOfReport.exec(payload.toString('latin1'));
  if (!match?.[1]) return false;
  const signed = payload.subarray(0, match.index);
  const expected = createHmac('sha256', Buffer.from(key, 'hex')).update(signed).digest();
  return timingSafeEqual(expected, Buffer.from(match[1], 'hex'));
}
