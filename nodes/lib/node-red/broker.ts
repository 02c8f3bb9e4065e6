import { EventEmitter, once } from 'node:events';
import type { Node } from 'node-red';
import type { Announced, Broker } from '../push/means';

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

interface PubackPacket {
  readonly cmd: string;
  readonly messageId?: number;
  readonly reasonCode?: number;
}

interface Publication {
  topic: string;
  payload: string;
  qos: 1;
  retain: false;
  /** Seconds; MQTT 5 only, ignored before. */
  messageExpiryInterval: number;
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
}

/** What a broker node tells about its connection: it sets the status of each of its users. */
interface BrokerUser {
  readonly id: string;
  status(status: unknown): void;
}

/** MQTT 5: the broker has the message and nobody subscribes to its topic. */
const noMatchingSubscribers = 0x10;

/** Node-RED's own broker connection, with its login and TLS, as a push needs it. */
export class NodeRedBroker implements Broker {
  readonly #node: MqttBrokerNode;
  readonly #user: BrokerUser;
  readonly #changes = new EventEmitter().setMaxListeners(0);

  #client: MqttClient | undefined;
  /** Message ids of announcements that nobody subscribes to, until their acknowledgement is told. */
  readonly #unheard = new Set<number | undefined>();
  readonly #onPacket = ({ cmd, messageId, reasonCode }: PubackPacket): void => {
    if (cmd === 'puback' && reasonCode === noMatchingSubscribers) this.#unheard.add(messageId);
  };

  /** Registers with the broker node, which connects for its first user. */
  constructor(node: MqttBrokerNode, userId: string) {
    this.#node = node;
    this.#user = { id: userId, status: () => void (this.isOnline && this.#changes.emit('online')) };
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

  announce(topic: string, text: string, expiryMs: number): Announced {
    const { client } = this.#node;
    // A client that is not connected would keep it and send it when nobody listens any more (protocol 1.6).
    if (!client || !this.isOnline) {
      return { acknowledged: Promise.reject(new Error('the connection was lost')), withdraw: () => undefined };
    }
    this.#listenTo(client);
    let isSettled = false;
    const before = client.getLastMessageId();
    const acknowledged = new Promise<{ nobodySubscribed: boolean }>((resolve, reject) => {
      const message: Publication = {
        topic,
        payload: text,
        qos: 1,
        retain: false,
        messageExpiryInterval: Math.ceil(expiryMs / 1000),
      };
      this.#node.publish(message, (error) => {
        isSettled = true;
        if (error) reject(error);
        else resolve({ nobodySubscribed: this.#unheard.delete(messageId) });
      });
    });
    const messageId = client.getLastMessageId();
    // The id may have been another node's before, whose announcement nobody heard.
    this.#unheard.delete(messageId);
    return {
      acknowledged,
      withdraw: () => {
        if (!isSettled && messageId !== before) client.removeOutgoingMessage(messageId);
      },
    };
  }

  /** The broker node keeps to itself what MQTT 5 brokers say when nobody subscribes: it is read off the wire. */
  #listenTo(client: MqttClient): void {
    if (client === this.#client) return;
    this.#client?.off('packetreceive', this.#onPacket);
    this.#client = client.prependListener('packetreceive', this.#onPacket);
  }

  /** Leaves the broker node; it disconnects when `removed` and nobody else uses it. */
  close(removed: boolean): Promise<void> {
    this.#client?.off('packetreceive', this.#onPacket);
    return new Promise((resolve) => this.#node.deregister(this.#user, resolve, removed));
  }
}
