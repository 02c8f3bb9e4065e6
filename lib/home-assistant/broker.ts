import type { InboundMessage } from '../push/services';

/** The broker as Home Assistant's entities need it. */
export interface HaBroker {
  readonly isOnline: boolean;
  /** QoS 1; resolves when the broker has it. Nothing is sent while it is offline. */
  publish(topic: string, payload: string, retain: boolean): Promise<void>;
  /**
   * Calls back with each message on the topic, which may hold wildcards, until the returned function is called.
   * @param onAllowed called on each connection with whether the broker lets us, once that is known
   */
  listen(
    topic: string,
    onMessage: (message: InboundMessage) => void,
    onAllowed?: (isAllowed: boolean) => void,
  ): () => void;
  /** A broker that keeps every message is made to forget what somebody has said there, once it is known to be one. */
  forget(topic: string): void;
  /** Called each time that it comes online, until the returned function is called. */
  onOnline(listener: () => void): () => void;
}
