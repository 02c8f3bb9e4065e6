import type { NodeAPI } from 'node-red';
import { hostnameProblem } from '../../lib/protocol/names';
import { secretProblem } from '../../lib/protocol/secret';
import { deviceKey } from '../../lib/protocol/signature';
import { serverOf } from '../shared/server-node';
import { unknownToEditor } from '../shared/unknown-credential';
import { variableProblem } from '../shared/variables';

interface KeyRequest {
  /** The `ota-server`'s id. */
  readonly server?: unknown;
  readonly hostname?: unknown;
  /** As typed in the open dialog, where it was changed and is not deployed yet. */
  readonly secret?: unknown;
}

/**
 * Answers the dialog of an `ota-server` with the key of one device, for its board (protocol 6.1).
 * The secret itself never goes to the editor. Asking needs the permission to change flows: a key opens its device.
 */
export function serveDeviceKeys(RED: NodeAPI): void {
  RED.httpAdmin.post('/ota-server/device-key', RED.auth.needsPermission('flows.write'), (request, response) => {
    const { server, hostname, secret = '' } = (request.body ?? {}) as KeyRequest;
    if (typeof server !== 'string' || typeof hostname !== 'string' || typeof secret !== 'string') {
      response.status(400).json({ problem: 'request' });
      return;
    }
    const isTyped = secret !== '' && secret !== unknownToEditor;
    const used = isTyped ? secret : secretOf(RED, server);
    if (hostnameProblem(hostname)) response.json({ problem: 'hostname' });
    else if (variableProblem(used) || secretProblem(used)) response.json({ problem: 'secret' });
    else response.json({ key: deviceKey(used, hostname) });
  });
}

/** A running server's own, since Node-RED puts variables of the environment into it; empty where there is none. */
function secretOf(RED: NodeAPI, server: string): string {
  return serverOf(RED, server)?.credentials?.secret ?? '';
}
