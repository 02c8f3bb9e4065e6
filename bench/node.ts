import { NodeRed } from '../demo/node-red';

/** What Node-RED offers to whoever holds one of its nodes. */
interface FlowNode {
  receive(message: object): void;
  on(event: 'input', listener: (message: { ota?: { message: string } }) => void): void;
}

/** Told once for each push that has ended, and each message that has gone through the empty node. */
export type OnEnd = (success: boolean) => void;

/** The built package in a whole Node-RED: an OTA push and an empty node, wired to the same listener. */
export class BenchedNode {
  readonly #nodeRed: NodeRed;
  readonly #push: FlowNode;
  readonly #empty: FlowNode;
  #onEnd: OnEnd = () => undefined;

  /** Starts Node-RED, its broker connection goes to this broker. */
  static async start(brokerUrl: string): Promise<BenchedNode> {
    return new BenchedNode(await NodeRed.start(flowOf(brokerUrl)));
  }

  private constructor(nodeRed: NodeRed) {
    this.#nodeRed = nodeRed;
    this.#push = this.#node('push');
    this.#empty = this.#node('empty');
    this.#node('success').on('input', () => this.#onEnd(true));
    this.#node('noSuccess').on('input', ({ ota }) => {
      console.error(ota?.message);
      this.#onEnd(false);
    });
  }

  /** From now on it is told to this one. */
  set onEnd(onEnd: OnEnd) {
    this.#onEnd = onEnd;
  }

  push(target: string, filename: string, payload: Buffer): void {
    this.#push.receive({ target, filename, payload });
  }

  /** Sends the same message through a node that only passes it on. */
  pass(target: string, filename: string, payload: Buffer): void {
    this.#empty.receive({ target, filename, payload });
  }

  stop(): Promise<void> {
    return this.#nodeRed.stop();
  }

  #node(id: string): FlowNode {
    return this.#nodeRed.node(id) as unknown as FlowNode;
  }
}

/** Junctions do nothing but pass messages on; nodes without a place in the editor would count as configuration. */
function flowOf(brokerUrl: string) {
  const { hostname, port } = new URL(brokerUrl);
  const place = { z: 'tab', x: 0, y: 0 };
  return [
    { id: 'tab', type: 'tab', label: 'Benchmark' },
    { id: 'broker', type: 'mqtt-broker', broker: hostname, port, protocolVersion: '4', cleansession: true },
    { id: 'server', type: 'ota-server', broker: 'broker', advertise: '127.0.0.1', concurrency: '1000' },
    {
      id: 'push',
      ...place,
      type: 'ota-push',
      server: 'server',
      target: 'target',
      targetType: 'msg',
      file: 'payload',
      fileType: 'msg',
      filename: 'filename',
      filenameType: 'msg',
      reboot: 'true',
      rebootType: 'bool',
      timeout: '30',
      timeoutType: 'num',
      wires: [['success'], ['noSuccess']],
    },
    { id: 'empty', ...place, type: 'junction', wires: [['success']] },
    { id: 'success', ...place, type: 'junction', wires: [] },
    { id: 'noSuccess', ...place, type: 'junction', wires: [] },
  ];
}
