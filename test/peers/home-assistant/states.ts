import { EventEmitter, on } from 'node:events';
import type { Connection } from './connection';

/** An entity as its house knows it. */
export interface EntityState {
  readonly entity_id: string;
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface StateChange {
  readonly entity_id: string;
  readonly new_state: EntityState | null;
}

/** The states of a house's entities, which it tells as they change. */
export class States {
  readonly #connection: Connection;
  /** Emits each new state by its entity's id, and `error` when no more will come. */
  readonly #changes = new EventEmitter().setMaxListeners(0);

  /** Resolves when it is told of every change. */
  static async listen(connection: Connection): Promise<States> {
    const states = new States(connection);
    await connection.subscribe<StateChange>('state_changed', ({ entity_id: id, new_state: state }) => {
      states.#changes.emit(id, state ?? undefined);
    });
    return states;
  }

  private constructor(connection: Connection) {
    this.#connection = connection;
    connection.whenClosed((reason) => {
      if (this.#changes.listenerCount('error') > 0) this.#changes.emit('error', reason);
    });
  }

  /** The state now; undefined where there is no such entity. */
  async state(entityId: string): Promise<EntityState | undefined> {
    const states = await this.#connection.command<EntityState[]>('get_states');
    return states.find(({ entity_id: id }) => id === entityId);
  }

  /** The first state from now on that is so. @param within milliseconds until it is an error */
  async until(entityId: string, isSo: (state: EntityState) => boolean, within: number): Promise<EntityState> {
    // Before the state is asked for: no change goes unheard in between.
    const changes = on(this.#changes, entityId, { signal: AbortSignal.timeout(within) });
    let state = await this.state(entityId);
    try {
      while (!state || !isSo(state)) [state] = (await changes.next()).value as [EntityState | undefined];
      return state;
    } catch (cause) {
      throw new Error(`${entityId} is ${state ? JSON.stringify(state) : 'not there'}: ${String(cause)}`, { cause });
    } finally {
      await changes.return?.();
    }
  }
}
