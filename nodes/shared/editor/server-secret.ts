/** What the dialogs know of an OTA server's master secret, which never comes into the editor itself. */

import { secretProblem } from '../../../lib/protocol/secret';
import { unknownToEditor } from '../unknown-credential';
import type { EditorNode } from './editor-api';
import { isVariable } from './validation';

/** As the editor has it: typed since the last deploy, or `unknownToEditor`, also where it was not asked for; '' where there is none. */
export function editorSecretOf({ credentials }: EditorNode): string {
  const { secret, has_secret: hasSecret } = credentials ?? { has_secret: true };
  return secret || (hasSecret ? unknownToEditor : '');
}

/** Whether announcements can be signed with it, as far as is known here. */
export function canSign(secret: string): boolean {
  return secret === unknownToEditor || isVariable(secret) || secretProblem(secret) === undefined;
}

/** Each server is asked about once, however many nodes want to know; after a failure by the next one that does. */
const asked = new WeakMap<EditorNode, Promise<boolean>>();

/**
 * Lets the editor know whether a server has a secret: it asks Node-RED for that itself when the server's dialog opens, and
 * keeps the answer in this form. Resolves to whether that is known.
 */
export function learnSecret(server: EditorNode): Promise<boolean> {
  const answer = asked.get(server) ?? ask(server);
  asked.set(server, answer);
  return answer;
}

async function ask(server: EditorNode): Promise<boolean> {
  try {
    const known: EditorNode['credentials'] = await $.getJSON(`credentials/ota-server/${server.id}`);
    server.credentials ??= { ...known, _: { ...known } };
    return true;
  } catch {
    // Without the permission to read flows, or a connection, nothing is said of the secret.
    asked.delete(server);
    return false;
  }
}
