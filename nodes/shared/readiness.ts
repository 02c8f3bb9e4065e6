import type { NodeAPI, NodeStatus } from 'node-red';
import { shorten } from '../../lib/shorten';
import type { ConnectionProblem, ConnectionState } from './connection';
import { absenceKey } from './presence';
import { type OtaServerNode, words } from './server-node';

const shapes: Record<ConnectionState, Pick<NodeStatus, 'fill' | 'shape'>> = {
  connected: { fill: 'green', shape: 'dot' },
  connecting: { fill: 'yellow', shape: 'ring' },
  disconnected: { fill: 'red', shape: 'ring' },
};

/** A status is one line, beside other nodes. */
const maxShownLength = 100;

/** As much of it as a line under a node needs. */
export type ServerReadiness = Pick<Readiness, 'isReady' | 'status' | 'watch'>;

/** Whether a node that uses an OTA server could do its work now, and what it shows as long as there is nothing else to show. */
export class Readiness {
  readonly #RED: NodeAPI;
  readonly #server: OtaServerNode | null;
  readonly #serverId: string;

  /** @param serverId as chosen */
  constructor(RED: NodeAPI, server: OtaServerNode | null, serverId: string) {
    this.#RED = RED;
    this.#server = server;
    this.#serverId = serverId;
  }

  /** The server is set up, and connected to its broker. */
  get isReady(): boolean {
    const state = this.#server?.state;
    return state !== undefined && !('problem' in state) && state.connection.now.state === 'connected';
  }

  /** Where it is a key as a whole, the editor shows it in its own language, as it does for Node-RED's MQTT nodes. */
  get status(): NodeStatus {
    const RED = this.#RED;
    const state = this.#server?.state;
    if (!state) return { ...shapes.disconnected, text: `${words}.status.${absenceKey(RED, this.#serverId, 'server')}` };
    if ('problem' in state) {
      const text = RED._(`${words}.status.server-problem`, state);
      return { ...shapes.disconnected, text: shorten(text, maxShownLength) };
    }
    const { state: connection, problem } = state.connection.now;
    const key = `node-red:common.status.${connection}`;
    return { ...shapes[connection], text: problem ? this.#withProblem(key, problem) : key };
  }

  #withProblem(key: string, { trouble, at, detail }: ConnectionProblem): string {
    const reason = this.#RED._(`${words}.connection.${trouble}`, { at, detail });
    return shorten(`${this.#RED._(key)}: ${reason}`, maxShownLength);
  }

  /** Calls back each time that it may have changed, until the returned function is called. */
  watch(listener: () => void): () => void {
    const state = this.#server?.state;
    return state && !('problem' in state) ? state.connection.onChange(listener) : () => undefined;
  }
}
