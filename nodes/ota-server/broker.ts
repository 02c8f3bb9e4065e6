import { EventEmitter, once } from 'node:events';
import type { Node } from 'node-red';
import type { HaBroker } from '../../lib/home-assistant/broker';
import type { AnnouncementListener, Broker, InboundMessage } from '../../lib/push/services';

/** The parts of MQTT.js's client that Node-RED's broker node leaves to its own nodes, version 4 and 5. */
interface MqttClient extends EventEmitter {
  readonly connected: boolean;
  readonly stream?: {
    readonly localAddress?: string;
    readonly socket?: { readonly _socket?: { readonly localAddress?: string } };
  };
  getLastMessageId(): number;
  removeOutgoingMessage(messageId: number): void;
}

interface SentPacket {
  readonly cmd: string;
}

interface PubackPacket {
  readonly cmd: string;
  readonly messageId?: number;
  readonly reasonCode?: number;
}

interface Publication {
  topic: string;
  payload: string;
  qos: 1;
  retain: boolean;
  /** Seconds; MQTT 5 only, ignored before. */
  messageExpiryInterval?: number;
}

/** What Node-RED's `mqtt-broker` config node offers to its own MQTT nodes: undocumented, the same since Node-RED 1. */
export interface MqttBrokerNode extends Node {
  readonly connected: boolean;
  readonly client?: MqttClient;
  readonly brokerurl: string;
  readonly autoConnect?: boolean;
  register(user: BrokerUser): void;
  deregister(user: BrokerUser, done: () => void, autoDisconnect: boolean): void;
  publish(message: Publication, done: (error?: Error | null) => void): void;
  subscribe(topic: string, options: { qos: 1 }, onMessage: OnMessage, user: string): void;
  unsubscribe(topic: string, user: string, removed: true): void;
}

type OnMessage = (topic: string, payload: Buffer, packet: { readonly retain?: boolean }) => void;

/** What a broker node tells about its connection: it sets the status of each of its users. */
interface BrokerUser {
  readonly id: string;
  status(status: unknown): void;
}

/** Characters of a message, and topics of a subscription, that are remembered to tell a replay. */
const maxKnownLength = 2048;
const maxKnown = 20_000;

/** MQTT 5: the broker has the message and nobody subscribes to its topic. */
const noMatchingSubscribers = 0x10;
/** MQTT 5: from here on the broker refuses. */
const firstError = 0x80;

/** Node-RED's own broker connection, with its login and TLS, as a push needs it. */
export class NodeRedBroker implements Broker, HaBroker {
  readonly #node: MqttBrokerNode;
  readonly #user: BrokerUser;
  readonly #changes = new EventEmitter().setMaxListeners(0);

  #client: MqttClient | undefined;
  /** How often anyone on this connection has subscribed: each time the broker sends retained messages again. */
  #subscriptions = 0;
  #listeners = 0;
  readonly #onSent = ({ cmd }: SentPacket): void => {
    if (cmd === 'subscribe') this.#subscriptions += 1;
  };
  /** By message id. Told in the order of the wire: callbacks come later than messages that follow the acknowledgement. */
  readonly #onAcknowledged = new Map<number, AnnouncementListener['onAcknowledged']>();
  readonly #onPacket = ({ cmd, messageId = 0, reasonCode = 0 }: PubackPacket): void => {
    if (cmd !== 'puback' || reasonCode >= firstError) return;
    this.#onAcknowledged.get(messageId)?.(reasonCode === noMatchingSubscribers);
    this.#onAcknowledged.delete(messageId);
  };

  /** Registers with the broker node, which connects for its first user. */
  constructor(node: MqttBrokerNode, userId: string) {
    this.#node = node;
    this.#user = { id: userId, status: () => this.#onStatus() };
    node.register(this.#user);
  }

  get name(): string {
    return this.#node.brokerurl.replace(/\/\/[^/@]*@/, '//');
  }

  get connectsByItself(): boolean {
    return this.#node.autoConnect !== false;
  }

  get isOnline(): boolean {
    return this.#node.connected && this.#node.client?.connected === true;
  }

  /** Our side of the broker connection, plain, over TLS or over WebSocket; undefined while there is none. */
  get localAddress(): string | undefined {
    const stream = this.isOnline ? this.#node.client?.stream : undefined;
    return stream?.localAddress ?? stream?.socket?._socket?.localAddress;
  }

  async online(signal: AbortSignal): Promise<void> {
    while (!this.isOnline) await once(this.#changes, 'online', { signal });
  }

  listen(topic: string, onMessage: (message: InboundMessage) => void): () => void {
    const user = `${this.#user.id}-${this.#listeners++}`;
    const known = new Map<string, { readonly text: string; readonly subscriptions: number }>();
    const hear: OnMessage = (from, payload, { retain = false }) => {
      const text = payload.toString('latin1');
      const before = known.get(from);
      // Whoever may publish here must not fill our memory: what is long or too many is not remembered.
      if (text.length <= maxKnownLength && (before || known.size < maxKnown)) {
        known.set(from, { text, subscriptions: this.#subscriptions });
      }
      // The retain flag alone does not tell: with MQTT 5 a fresh message may carry it too (protocol 5.4).
      const isRetainedReplay = retain && before?.text === text && before.subscriptions < this.#subscriptions;
      onMessage({ topic: from, payload, isRetainedReplay, maybeStale: isRetainedReplay || (retain && !before) });
    };
    this.#node.subscribe(topic, { qos: 1 }, hear, user);
    return () => this.#node.unsubscribe(topic, user, true);
  }

  announce(topic: string, text: string, expiryMs: number, watcher: AnnouncementListener): () => void {
    const { client } = this.#node;
    // A client that is not connected would keep it and send it when nobody listens any more (protocol 1.6).
    if (!client || !this.isOnline) {
      watcher.onFailed(new Error('the connection was lost'));
      return () => undefined;
    }
    this.#listenTo(client);
    const before = client.getLastMessageId();
    const messageExpiryInterval = Math.ceil(expiryMs / 1000);
    let isSettled = false;
    /** Whether it was not yet: what comes first counts. */
    const settle = () => {
      const isFirst = !isSettled;
      isSettled = true;
      return isFirst;
    };
    const acknowledge = (nobodySubscribed: boolean) => settle() && watcher.onAcknowledged(nobodySubscribed);
    this.#node.publish({ topic, payload: text, qos: 1, retain: false, messageExpiryInterval }, (error) => {
      if (!error) acknowledge(false);
      else if (settle()) watcher.onFailed(error);
    });
    const messageId = client.getLastMessageId();
    // While the client catches up after a reconnect there is no id yet: its callback tells.
    const hasId = messageId !== before;
    if (hasId) this.#onAcknowledged.set(messageId, acknowledge);
    return () => {
      // Its id may be another message's by now.
      if (this.#onAcknowledged.get(messageId) === acknowledge) this.#onAcknowledged.delete(messageId);
      if (settle() && hasId) takeBack(client, messageId);
    };
  }

  publish(topic: string, payload: string, retain: boolean): Promise<void> {
    // While it is offline a client would never call back.
    if (!this.isOnline) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#node.publish({ topic, payload, qos: 1, retain }, (error) => (error ? reject(error) : resolve()));
    });
  }

  onOnline(listener: () => void): () => void {
    this.#changes.on('online', listener);
    return () => this.#changes.off('online', listener);
  }

  #onStatus(): void {
    if (!this.isOnline) return;
    // After a reconnect the broker node subscribes anew.
    this.#subscriptions += 1;
    if (this.#node.client) this.#listenTo(this.#node.client);
    this.#changes.emit('online');
  }

  /** What the broker node keeps to itself is read off the wire: who subscribes, and that nobody listens (MQTT 5). */
  #listenTo(client: MqttClient): void {
    if (client === this.#client) return;
    this.#stopListening();
    this.#client = client.prependListener('packetreceive', this.#onPacket).prependListener('packetsend', this.#onSent);
  }

  #stopListening(): void {
    this.#client?.off('packetreceive', this.#onPacket).off('packetsend', this.#onSent);
  }

  /** Leaves the broker node; it disconnects when `removed` and nobody else uses it. */
  close(removed: boolean): Promise<void> {
    this.#stopListening();
    return new Promise((resolve) => this.#node.deregister(this.#user, resolve, removed));
  }
}

function takeBack(client: MqttClient, messageId: number): void {
  try {
    client.removeOutgoingMessage(messageId);
  } catch (error) {
    // A client that was ended has no messages any more: it fails, and sends nothing.
    if (client.connected) throw error;
  }
}
