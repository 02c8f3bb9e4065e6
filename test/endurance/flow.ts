import { NodeRed } from '../../demo/node-red';
import type { OtaServerNode, ReadyServer } from '../../nodes/shared/server-node';
import { place, pushDefaults, serverDefaults } from '../peers/test-flow';
import type { Level } from './devices';

/** What comes out of a push. */
export interface Ended {
  readonly number: number;
  readonly payload: string;
  readonly ota: { readonly code: string | null; readonly message: string; readonly verified: string | null };
}

interface FlowNode {
  receive(message: object): void;
  on(event: 'input', listener: (message: Ended) => void): void;
}

/** What a broker node of Node-RED's own has, as far as it is looked at here. */
interface BrokerNode {
  readonly subscriptions: Readonly<Record<string, object>>;
  readonly client: { eventNames(): readonly (string | symbol)[]; listenerCount(event: string | symbol): number };
}

/** What a push of one message needs. */
export interface Pushed {
  readonly number: number;
  readonly target: string;
  readonly filename: string;
  readonly payload: Buffer;
  readonly timeout: number;
}

const levels = ['auto', 'installed', 'running'] as const satisfies readonly Level[];

/** A whole Node-RED in this process, with an OTA push for each level. */
export class VerdictFlow {
  readonly #nodeRed: NodeRed;
  readonly #ends = new Map<number, (ended: Ended) => void>();
  /** Messages that nobody waited for: a second output of one push. */
  readonly surplus: number[] = [];

  static async start(brokerUrl: string): Promise<VerdictFlow> {
    const flow = new VerdictFlow(await NodeRed.start(flowOf(brokerUrl)));
    await flow.#untilOnline();
    return flow;
  }

  private constructor(nodeRed: NodeRed) {
    this.#nodeRed = nodeRed;
    this.#node('end').on('input', (message) => {
      const end = this.#ends.get(message.number);
      this.#ends.delete(message.number);
      if (end) end(message);
      else this.surplus.push(message.number);
    });
  }

  push(level: Level, message: Pushed): Promise<Ended> {
    return new Promise((resolve) => {
      this.#ends.set(message.number, resolve);
      this.#node(level).receive(message);
    });
  }

  /** What may pile up: handles and timers of this process by kind, the client's listeners, the subscriptions. */
  holdings(): Record<string, number> {
    // Not in the types of the oldest Node.js that the package is for, which has it.
    const { getActiveResourcesInfo } = process as unknown as { getActiveResourcesInfo(): string[] };
    const holdings: Record<string, number> = {};
    for (const kind of getActiveResourcesInfo()) holdings[kind] = (holdings[kind] ?? 0) + 1;
    const { client, subscriptions } = this.#node('broker') as unknown as BrokerNode;
    for (const event of client.eventNames()) holdings[`listeners of ${String(event)}`] = client.listenerCount(event);
    holdings.subscriptions = Object.keys(subscriptions).length;
    return holdings;
  }

  /** What the server remembers of devices has bounds of its own: without it pushes alone are left to be measured. */
  forgetDevices(): void {
    const { book } = this.#server;
    for (const { target } of book.devices()) book.forget(target);
  }

  get #server(): ReadyServer {
    const { state } = this.#node('server') as unknown as OtaServerNode;
    if ('problem' in state) throw new Error(state.problem);
    return state;
  }

  /** Resolves when the server is connected to the broker. */
  async #untilOnline(): Promise<void> {
    const { connection } = this.#server;
    while (connection.now.state !== 'connected') {
      await new Promise<void>((resolve) => {
        const stop = connection.onChange(() => {
          stop();
          resolve();
        });
      });
    }
  }

  stop(): Promise<void> {
    return this.#nodeRed.stop();
  }

  #node(id: string): FlowNode {
    return this.#nodeRed.node(id) as unknown as FlowNode;
  }
}

function flowOf(brokerUrl: string) {
  const { hostname, port } = new URL(brokerUrl);
  const server = { ...serverDefaults, type: 'ota-server', broker: 'broker', advertise: '127.0.0.1', keep: '0' };
  return [
    { id: 'tab', type: 'tab', label: 'Verdicts' },
    { id: 'broker', type: 'mqtt-broker', broker: hostname, port, protocolVersion: '4', cleansession: true },
    { id: 'server', ...server },
    ...levels.map((level) => ({
      id: level,
      ...place,
      type: 'ota-push',
      server: 'server',
      ...pushDefaults,
      timeout: 'timeout',
      timeoutType: 'msg',
      verify: level,
      verifyTimeout: level === 'installed' ? '2' : '60',
      wires: [['end'], ['end']],
    })),
    { id: 'end', ...place, type: 'junction', wires: [] },
  ];
}
