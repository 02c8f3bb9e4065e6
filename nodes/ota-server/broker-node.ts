import type { EventEmitter } from 'node:events';
import type { Node } from 'node-red';
import type { OnMessage } from './subscriptions';

/** The parts of MQTT.js's client that Node-RED's broker node leaves to its own nodes, version 4 and 5. */
export interface MqttClient extends EventEmitter {
  readonly connected: boolean;
  /** Node-RED itself ends the connection. */
  readonly disconnecting?: boolean;
  /** The connection itself. Over WebSocket it does not tell what it goes over. */
  readonly stream?: { readonly localAddress?: string };
  getLastMessageId(): number;
  removeOutgoingMessage(messageId: number): void;
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
  /** For the first time, or after it was told to. */
  readonly connecting?: boolean;
  readonly client?: MqttClient;
  readonly brokerurl: string;
  readonly autoConnect?: boolean;
  register(user: BrokerUser): void;
  deregister(user: BrokerUser, done: () => void, autoDisconnect: boolean): void;
  publish(message: Publication, done: (error?: Error | null) => void): void;
  subscribe(topic: string, options: { qos: 1 }, onMessage: OnMessage, user: string): void;
  unsubscribe(topic: string, user: string, removed: true): void;
}

/** What a broker node tells about its connection: it sets the status of each of its users. */
export interface BrokerUser {
  readonly id: string;
  status(status: { readonly text?: string }): void;
}

/** Announcements can be handed over. */
export function isOnline({ connected, client }: MqttBrokerNode): boolean {
  return connected && client?.connected === true;
}
