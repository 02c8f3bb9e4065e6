import { EventEmitter } from 'node:events';
import type { Connection, ConnectionProblem, ConnectionState, WatchedConnection } from '../shared/connection';
import { connectionProblem } from './connection-problem';

const states: readonly ConnectionState[] = ['connected', 'connecting', 'disconnected'];

/** How it stands with Node-RED's broker connection, for people: what its broker node shows, and the client's reason, which that keeps to itself. */
export class BrokerConnection implements WatchedConnection {
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #now: Connection;
  /** The client whose errors are listened to. */
  #client: EventEmitter | undefined;
  readonly #at: string;
  readonly #onError = (error: Error): void => {
    if (this.#now.state !== 'connected') this.#set(this.#now.state, connectionProblem(error, this.#at));
  };

  /** @param at the broker's host and port */
  constructor(state: ConnectionState, at: string) {
    this.#now = { state };
    this.#at = at;
  }

  get now(): Connection {
    return this.#now;
  }

  onChange(listener: () => void): () => void {
    this.#changes.on('change', listener);
    return () => this.#changes.off('change', listener);
  }

  /** @param text the key of the words that Node-RED's MQTT nodes show: the connection is in another state */
  hearStatus(text: string | undefined): void {
    const state = states.find((one) => text?.endsWith(`.${one}`));
    if (state) this.#set(state, state === 'connecting' ? this.#now.problem : undefined);
  }

  /** @param client of the broker node; undefined: it has none, or is left */
  watchErrors(client: EventEmitter | undefined): void {
    if (client === this.#client) return;
    this.#client?.off('error', this.#onError);
    this.#client = client?.on('error', this.#onError);
  }

  #set(state: ConnectionState, problem?: ConnectionProblem): void {
    this.#now = problem ? { state, problem } : { state };
    this.#changes.emit('change');
  }
}
