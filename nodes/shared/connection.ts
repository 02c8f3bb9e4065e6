/** As Node-RED's own MQTT nodes show it; `connecting` also while the client tries again and again. */
export type ConnectionState = 'connected' | 'connecting' | 'disconnected';

/** What kept a connection to a broker from being made: the catalogues have words for each. */
export type ConnectionTrouble =
  | 'refused'
  | 'unknown-host'
  | 'unreachable'
  | 'no-answer'
  | 'broken-off'
  | 'login'
  | 'tls'
  | 'other';

/** Why a connection could not be made. */
export interface ConnectionProblem {
  readonly trouble: ConnectionTrouble;
  /** The broker's host and port, `localhost:1883`: without a login. */
  readonly at: string;
  /** The client's own words, in English: `connect ECONNREFUSED 127.0.0.1:1883`. */
  readonly detail: string;
}

/** A broker connection, for people. */
export interface Connection {
  readonly state: ConnectionState;
  readonly problem?: ConnectionProblem;
}

/** A connection that tells when it changes. */
export interface WatchedConnection {
  readonly now: Connection;
  /** Called each time that it has changed, until the returned function is called. */
  onChange(listener: () => void): () => void;
}
