/** As Node-RED's own MQTT nodes show it; `connecting` also while the client tries again and again. */
export type ConnectionState = 'connected' | 'connecting' | 'disconnected';

/** A broker connection, for people. */
export interface Connection {
  readonly state: ConnectionState;
  /** Why it could not be made, in the client's own words: `connect ECONNREFUSED 127.0.0.1:1883`. */
  readonly problem?: string;
}

/** A connection that tells when it changes. */
export interface WatchedConnection {
  readonly now: Connection;
  /** Called each time that it has changed, until the returned function is called. */
  onChange(listener: () => void): () => void;
}
