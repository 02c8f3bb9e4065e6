import type { NodeMessage } from 'node-red';

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

/** Whether a message asks for this; `false` does not. */
export function asksFor(
  message: Message,
  what: 'reset' | 'pause' | 'continue' | 'remove' | 'forget' | 'failed',
): boolean {
  return message[what] !== undefined && message[what] !== false;
}
