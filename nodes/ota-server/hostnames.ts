import type { NodeAPI } from 'node-red';
import { matchingHostnames } from '../../lib/devices/hostnames';
import { serverOf } from '../shared/server-node';

/** A list to choose from is no longer than that: some 3 KB. Who types on finds the others. */
const maxOffered = 50;
/** As long as a hostname can be (protocol 4a). */
const longestPart = 64;

/**
 * Answers the dialogs of `ota-push` and `ota-rollout` with hostnames that a running `ota-server` knows:
 * `GET /ota-server/hostnames?server=ID&part=TEXT`. Asking needs the permission to read flows.
 */
export function serveHostnames(RED: NodeAPI): void {
  RED.httpAdmin.get('/ota-server/hostnames', RED.auth.needsPermission('flows.read'), (request, response) => {
    const { server, part = '' } = request.query;
    if (typeof server !== 'string' || typeof part !== 'string' || part.length > longestPart) {
      response.status(400).json({ problem: 'request' });
      return;
    }
    response.json({ hostnames: matchingHostnames(knownTo(RED, server), part, maxOffered) });
  });
}

/** None where there is no such server, or it is not set up. */
function knownTo(RED: NodeAPI, server: string): readonly string[] {
  const node = serverOf(RED, server);
  return node && 'book' in node.state ? node.state.book.hostnames() : [];
}
