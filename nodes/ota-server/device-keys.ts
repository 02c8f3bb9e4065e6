import type { NodeAPI } from 'node-red';
import { hostnameProblem } from '../../lib/protocol/names';
import { secretProblem } from '../../lib/protocol/secret';
import { deviceKey } from '../../lib/protocol/signature';
import type { OtaServerNode } from '../shared/server-node';

/** The editor shows this in place of a credential that it does not know. */
const unknownToEditor = '__PWRD__';

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
    const { server, hostname, secret } = (request.body ?? {}) as KeyRequest;
    const isTyped = typeof secret === 'string' && secret !== '' && secret !== unknownToEditor;
    // The node's own, since Node-RED puts variables of the environment into it.
    const node = RED.nodes.getNode(String(server)) as OtaServerNode | null;
    const used = isTyped ? secret : node?.credentials?.secret;
    const isVariable = isTyped && /\$\{[^}]+\}/.test(secret);
    const name = typeof hostname === 'string' ? hostname : '';
    const nameProblem = hostnameProblem(name);
    const problem = nameProblem
      ? 'hostname'
      : used === undefined || isVariable || secretProblem(used)
        ? 'secret'
        : undefined;
    response.json(problem || used === undefined ? { problem } : { key: deviceKey(used, name) });
  });
}
