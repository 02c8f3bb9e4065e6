import { once } from 'node:events';
import { connect } from 'node:net';
import type { NodeAPI } from 'node-red';
import type { ConnectionProblem } from '../shared/connection';
import { brokerAddress, brokerHost, brokerPort } from './broker-name';
import { isOnline, type MqttBrokerNode } from './broker-node';
import { addressTowardsBroker, BrokerSide } from './broker-side';
import { connectionProblem } from './connection-problem';
import type { BrokerProbe } from './server-probe-answer';

/** How long somebody may take to answer at the broker's address. */
const answersWithinMs = 3000;

/** A broker node that Node-RED runs. @param id as chosen */
export function runningBroker(RED: NodeAPI, id: string): MqttBrokerNode | undefined {
  const node = RED.nodes.getNode(id) as MqttBrokerNode | null;
  return node?.type === 'mqtt-broker' ? node : undefined;
}

/** @param known what the client of this broker has said last, where it is listened to */
export async function probeBroker(
  node: MqttBrokerNode | undefined,
  isChosen: boolean,
  known: ConnectionProblem | undefined,
): Promise<BrokerProbe> {
  if (!node) return { state: isChosen ? 'not-running' : 'none' };
  const at = brokerAddress(node.brokerurl);
  if (isOnline(node)) return { state: 'connected', at };
  if (node.autoConnect === false && !node.connecting) return { state: 'off', at };
  const problem = known ?? (await unreached(node.brokerurl));
  return problem ? { state: 'problem', ...problem } : { state: 'answers', at };
}

/** The address from which this machine reaches the broker, also where it is not connected; undefined where nobody knows the broker's name. */
export async function sideTowards(node: MqttBrokerNode | undefined): Promise<string | undefined> {
  return node && ((await new BrokerSide().address(node)) ?? (await addressTowardsBroker(node)));
}

/** What keeps a TCP connection to the broker from being made; undefined where one was, or the URL is none. */
async function unreached(url: string): Promise<ConnectionProblem | undefined> {
  const host = brokerHost(url);
  if (host === undefined) return undefined;
  const socket = connect({ host, port: brokerPort(url) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(answersWithinMs) });
    return undefined;
  } catch (error) {
    const isLate = (error as Error).name === 'AbortError';
    const cause = isLate
      ? Object.assign(new Error(`no answer in ${answersWithinMs} ms`), { code: 'ETIMEDOUT' })
      : error;
    return connectionProblem(cause as Error, brokerAddress(url));
  } finally {
    // What comes later is nobody's business.
    socket.on('error', () => undefined).destroy();
  }
}
