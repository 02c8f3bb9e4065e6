import { EventEmitter, once } from 'node:events';
import type { HaBroker } from '../../lib/home-assistant/broker';
import type { AnnouncementListener, Broker, InboundMessage } from '../../lib/push/services';
import { BrokerConnection } from './broker-connection';
import { brokerAddress, brokerName } from './broker-name';
import { type BrokerUser, isOnline, type MqttBrokerNode, type MqttClient } from './broker-node';
import { BrokerSide } from './broker-side';
import { KeptAnnouncements, type KeptTopics } from './kept-announcements';
import { LastMessages } from './last-messages';
import { type Pending, Publications } from './publications';
import { SentAnnouncement } from './sent-announcement';
import {
  type Forbidding,
  type OnMessage,
  type SentSubscribe,
  type SubscriptionList,
  Subscriptions,
} from './subscriptions';

/** Of the packets on the wire, those that are looked at. */
type SentPacket =
  | ({ readonly cmd: 'subscribe' } & SentSubscribe)
  | { readonly cmd: 'publish'; readonly topic: string; readonly qos: number; readonly messageId: number };

type ReceivedPacket =
  | { readonly cmd: 'pubrec'; readonly messageId: number }
  | { readonly cmd: 'puback'; readonly messageId: number; readonly reasonCode?: number }
  | { readonly cmd: 'suback'; readonly messageId: number; readonly granted: readonly number[] };

/** How a broker forbids a topic: to subscribe to it, or to publish on it by ending the connection. */
export type ForbiddenTopic = Forbidding | 'unwritable';

/** What the log warns of. */
export interface BrokerProblems {
  /** Called once for each topic that Node-RED may not subscribe to, or not publish on. */
  onForbidden(topic: string, how: ForbiddenTopic): void;
  /** Called once when the broker is found to keep what was not to be kept. */
  onKept(): void;
}

/** How long a broker that does not flag it may send what it keeps, after a subscription; ioBroker's takes 0.2 seconds. */
const resendsForMs = 1000;

/** MQTT 5: the broker has the message and nobody subscribes to its topic. */
const noMatchingSubscribers = 0x10;
/** MQTT 5: from here on the broker refuses. */
const firstError = 0x80;

/** Node-RED's own broker connection, with its login and TLS, as a push needs it. */
export class NodeRedBroker implements Broker, HaBroker {
  readonly connection: BrokerConnection;
  readonly #node: MqttBrokerNode;
  readonly #user: BrokerUser;
  readonly #changes = new EventEmitter().setMaxListeners(0);

  #client: MqttClient | undefined;
  readonly #side = new BrokerSide();
  /** How often anyone on this connection has subscribed: each time the broker sends retained messages again. */
  #subscriptions = 0;
  readonly #lastMessages = new LastMessages();
  #listeners = 0;
  #isClosed = false;
  /** On the clock of `performance`. */
  #onlineSince = 0;
  readonly #onSent = (packet: SentPacket): void => {
    if (packet.cmd === 'publish' && packet.qos > 0) this.#publications.onSent(packet.messageId, packet.topic);
    if (packet.cmd !== 'subscribe') return;
    this.#publications.onSent(packet.messageId);
    this.#subscriptions += 1;
    this.#ours.onSent(packet);
  };
  /** By message id. Called in the order of the wire: callbacks come later than messages that follow the acknowledgement. */
  readonly #announced = new Map<number, SentAnnouncement>();
  readonly #onPacket = (packet: ReceivedPacket): void => {
    if (['puback', 'pubrec', 'suback'].includes(packet.cmd)) this.#publications.onAnswered(packet.messageId);
    if (packet.cmd === 'puback') this.#onPuback(packet.messageId, packet.reasonCode);
    if (packet.cmd === 'suback') this.#ours.onAnswered(packet.messageId, packet.granted);
  };
  readonly #onClose = (): void => {
    const isOurWish = this.#client?.disconnecting === true;
    this.#kept.onLost(isOurWish ? new Set() : this.#ours.unanswered);
    for (const ours of [this.#ours, this.#publications]) {
      if (isOurWish) ours.onEnded();
      else ours.onLost();
    }
  };
  readonly #ours: Subscriptions;
  readonly #publications: Publications;
  readonly #kept: KeptAnnouncements;

  /** Registers with the broker node, which connects for its first user. */
  constructor(node: MqttBrokerNode, userId: string, { onForbidden, onKept }: BrokerProblems) {
    this.#node = node;
    this.#user = { id: userId, status: ({ text }) => this.#onStatus(text) };
    const isReady = () => this.isOnline;
    const list: SubscriptionList = {
      isOnline: isReady,
      subscribe: (topic, user, onMessage) => node.subscribe(topic, { qos: 1 }, onMessage, user),
      unsubscribe: (topic, user) => node.unsubscribe(topic, user, true),
    };
    const topics: KeptTopics = {
      isOnline: isReady,
      isSafe: () => !this.#ours.hasLosses,
      listen: (topic, onMessage, onAnswer) => this.#ours.add(topic, this.#newUser(), onMessage, onAnswer, true),
      clear: (topic) => this.publish(topic, '', true),
    };
    this.#ours = new Subscriptions(list, onForbidden);
    this.#publications = new Publications(
      (messageId) => this.#client && takeBack(this.#client, messageId),
      (topic) => onForbidden(topic, 'unwritable'),
    );
    this.#kept = new KeptAnnouncements(topics, onKept);
    this.connection = new BrokerConnection(
      this.isOnline ? 'connected' : node.connecting ? 'connecting' : 'disconnected',
      brokerAddress(node.brokerurl),
    );
    node.register(this.#user);
    if (this.isOnline && node.client) this.#listenTo(node.client);
    this.connection.watchErrors(node.client);
  }

  get name(): string {
    return brokerName(this.#node.brokerurl);
  }

  get connectsByItself(): boolean {
    return this.#node.autoConnect !== false;
  }

  get isOnline(): boolean {
    return isOnline(this.#node);
  }

  localAddress(): string | undefined | Promise<string | undefined> {
    return this.#side.address(this.#node);
  }

  async online(signal: AbortSignal): Promise<void> {
    while (!this.isOnline) await once(this.#changes, 'online', { signal });
  }

  listen(
    topic: string,
    onMessage: (message: InboundMessage) => void,
    onAllowed: (isAllowed: boolean) => void = () => undefined,
  ): () => void {
    const listensSince = performance.now();
    const user = this.#newUser();
    const hear: OnMessage = (from, payload, { retain = false }) => {
      // The retain flag alone does not tell: with MQTT 5 a fresh message may carry it too (protocol 5.4).
      const { isFirst, isRepeated } = this.#lastMessages.take(user, from, payload, this.#subscriptions);
      const isResent =
        this.#kept.resends && performance.now() - Math.max(listensSince, this.#onlineSince) < resendsForMs;
      const isRetainedReplay = (retain && isRepeated) || isResent;
      onMessage({ topic: from, payload, isRetainedReplay, maybeStale: isRetainedReplay || (retain && isFirst) });
    };
    return this.#ours.add(topic, user, hear, onAllowed);
  }

  announce(topic: string, text: string, expiryMs: number, watcher: AnnouncementListener): () => void {
    const { client } = this.#node;
    // A client that is not connected would keep it and send it when nobody listens any more (protocol 1.6).
    if (!client || !this.isOnline) {
      watcher.onFailed(new Error('the connection was lost'));
      return () => undefined;
    }
    this.#listenTo(client);
    const announcement = new SentAnnouncement(topic, text, watcher);
    this.#publications.begin(announcement);
    this.#kept.onAnnounce(topic, text);
    const before = client.getLastMessageId();
    const messageExpiryInterval = Math.ceil(expiryMs / 1000);
    this.#node.publish({ topic, payload: text, qos: 1, retain: false, messageExpiryInterval }, (error) => {
      if (error) announcement.fail(error);
      else this.#onAcknowledged(announcement, false);
      this.#publications.end(announcement);
    });
    const messageId = client.getLastMessageId();
    // While the client catches up after a reconnect there is no id yet: its callback tells.
    const hasId = messageId !== before;
    if (hasId) this.#announced.set(messageId, announcement);
    return () => {
      // Its id may be another message's by now.
      if (this.#announced.get(messageId) === announcement) this.#announced.delete(messageId);
      this.#publications.end(announcement);
      if (announcement.settle() && hasId) takeBack(client, messageId);
      this.#kept.onOver(topic, text);
    };
  }

  publish(topic: string, payload: string, retain: boolean): Promise<void> {
    // While it is offline a client would never call back.
    if (!this.isOnline || this.#publications.isForbidden(topic)) return Promise.resolve();
    if (this.#node.client) this.#listenTo(this.#node.client);
    return new Promise((resolve, reject) => {
      const pending: Pending = { topic, isLasting: true, onGivenUp: () => resolve() };
      this.#publications.begin(pending);
      this.#node.publish({ topic, payload, qos: 1, retain }, (error) => {
        this.#publications.end(pending);
        if (error) reject(error);
        else resolve();
      });
    });
  }

  forget(topic: string): void {
    this.#kept.onHeard(topic);
  }

  onOnline(listener: () => void): () => void {
    this.#changes.on('online', listener);
    return () => this.#changes.off('online', listener);
  }

  /** @param text the key of the words that Node-RED's MQTT nodes show */
  #onStatus(text: string | undefined): void {
    // The broker node sets the status of a user that leaves it too.
    if (this.#isClosed) return;
    this.connection.hearStatus(text);
    this.connection.watchErrors(this.#node.client);
    if (!this.isOnline) return;
    // After a reconnect the broker node subscribes anew.
    this.#subscriptions += 1;
    this.#onlineSince = performance.now();
    if (this.#node.client) this.#listenTo(this.#node.client);
    this.#ours.onConnected();
    this.#kept.onOnline();
    this.#changes.emit('online');
  }

  /** Broker nodes know subscriptions by topic and user. */
  #newUser(): string {
    this.#listeners += 1;
    return `${this.#user.id}-${this.#listeners}`;
  }

  #onPuback(messageId: number, reasonCode = 0): void {
    if (reasonCode >= firstError) return;
    const announcement = this.#announced.get(messageId);
    this.#announced.delete(messageId);
    if (announcement) this.#onAcknowledged(announcement, reasonCode === noMatchingSubscribers);
  }

  #onAcknowledged(announcement: SentAnnouncement, nobodySubscribed: boolean): void {
    if (!announcement.settle()) return;
    this.#publications.end(announcement);
    announcement.watcher.onAcknowledged(nobodySubscribed);
    this.#kept.onAcknowledged(announcement.topic);
  }

  /** What the broker node keeps to itself is read off the wire: who subscribes, and that nobody listens (MQTT 5). */
  #listenTo(client: MqttClient): void {
    if (client === this.#client) return;
    this.#stopListening();
    this.#ours.onEnded();
    this.#publications.onEnded();
    this.#client = client
      .prependListener('packetreceive', this.#onPacket)
      .prependListener('packetsend', this.#onSent)
      .on('close', this.#onClose);
  }

  #stopListening(): void {
    this.#client?.off('packetreceive', this.#onPacket).off('packetsend', this.#onSent).off('close', this.#onClose);
  }

  /** Leaves the broker node; it disconnects when `removed` and nobody else uses it. */
  close(removed: boolean): Promise<void> {
    this.#isClosed = true;
    this.connection.watchErrors(undefined);
    this.#kept.close();
    this.#stopListening();
    this.#ours.onEnded();
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
