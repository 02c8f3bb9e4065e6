import { addressTowards } from '../../lib/server/route';
import { brokerHost } from './broker-name';
import { isOnline, type MqttBrokerNode } from './broker-node';

/** Our side of a broker's connection, for as long as it lasts. */
export class BrokerSide {
  /** Found out once for each connection: the broker's name is looked up for it. */
  #way: { readonly stream: object; readonly address: Promise<string | undefined> } | undefined;

  /**
   * Plain or over TLS the connection's own address; over WebSocket, where it can't be asked for, that from which this machine reaches
   * the broker. Undefined while there is no connection, or where the broker's name is known to nobody here (a proxy's).
   */
  address(node: MqttBrokerNode): string | undefined | Promise<string | undefined> {
    const stream = isOnline(node) ? node.client?.stream : undefined;
    if (!stream || stream.localAddress) return stream?.localAddress;
    if (this.#way?.stream !== stream) this.#way = { stream, address: addressTowardsBroker(node) };
    return this.#way.address;
  }
}

/** The address from which this machine reaches the broker, connected or not; undefined where nobody knows the broker's name. */
export async function addressTowardsBroker({ brokerurl }: MqttBrokerNode): Promise<string | undefined> {
  const host = brokerHost(brokerurl);
  return host === undefined ? undefined : addressTowards(host);
}
