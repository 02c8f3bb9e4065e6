import type { NodeMessage } from 'node-red';
import { heldBytes } from '../../lib/held-bytes';

/** A message as flows hand it over: what is in it is anyone's guess. */
export interface Message extends NodeMessage {
  target?: unknown;
  targets?: unknown;
  files?: unknown;
  parts?: unknown;
  statusCode?: unknown;
  responseUrl?: unknown;
  rc?: unknown;
  error?: unknown;
  ota?: unknown;
  rollout?: unknown;
  filename?: unknown;
  version?: unknown;
  title?: unknown;
  releaseSummary?: unknown;
  releaseUrl?: unknown;
  remove?: unknown;
  restore?: unknown;
  devices?: unknown;
  outdated?: unknown;
  failed?: unknown;
  forget?: unknown;
  reset?: unknown;
  pause?: unknown;
  continue?: unknown;
}

/** Its id as Node-RED gives it; empty for any other, and where it throws when it is looked at: Node-RED gives it one then. */
export function idOf(message: Message): string {
  try {
    const { _msgid } = message;
    return typeof _msgid === 'string' ? _msgid : '';
  } catch {
    return ''; // Who tells of the message must not fail for that.
  }
}

/** Of an http request that is to be answered: Node-RED never copies them. */
const neverCopied: ReadonlySet<string> = new Set(['req', 'res']);

/** The names of what is in a message and is its own. */
export function propertiesOf(message: Message): string[] {
  return Object.keys(message).filter((property) => !neverCopied.has(property));
}

/** Undefined too where it throws when it is looked at: whoever needs it looks at it again. */
export function propertyOf(message: Message, property: string): unknown {
  try {
    return (message as unknown as Record<string, unknown>)[property];
  } catch {
    return undefined;
  }
}

/** About how many bytes wait with a message and with the copies of its files. */
export function heldBytesOf(message: Message, files: readonly { readonly bytes: Buffer }[] = []): number {
  const held = heldBytes(propertiesOf(message).map((property) => propertyOf(message, property)));
  return files.reduce((sum, { bytes }) => sum + bytes.length, held);
}

/** Whether a message asks for this; `false` does not. */
export function asksFor(
  message: Message,
  what: 'reset' | 'pause' | 'continue' | 'remove' | 'forget' | 'failed',
): boolean {
  return message[what] !== undefined && message[what] !== false;
}
