import { createHmac } from 'node:crypto';

/** Bytes (protocol 6.1). */
const shortestSecret = 16;

/** What is wrong with a master secret (protocol 6.1), as the end of a sentence; undefined when nothing is. */
export function secretProblem(secret: string): string | undefined {
  const bytes = Buffer.byteLength(secret);
  return bytes < shortestSecret ? `it has ${bytes} bytes, at least ${shortestSecret} are needed` : undefined;
}

/** The key of one device, 64 hex digits: all that its board is given, so that one that is read out opens no other (protocol 6.1). */
export function deviceKey(secret: string, hostname: string): string {
  return createHmac('sha256', secret).update(hostname).digest('hex');
}

/** The signature of an announcement, lower-case hex, over its bytes up to and without the last `|` (protocol 6.2). */
export function signatureOf(text: string, key: string): string {
  return createHmac('sha256', Buffer.from(key, 'hex')).update(text).digest('hex');
}
