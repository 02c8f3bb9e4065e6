import { join } from 'node:path';
import { NodeRed } from '../demo/node-red';

/** What comes out of the nodes, as far as it is looked at here. */
interface Arrived {
  readonly ota?: { readonly code: string; readonly message: string };
  readonly rollout?: { readonly counts: Readonly<Record<string, number>> };
}

/** What Node-RED offers to whoever holds one of its nodes. */
interface FlowNode {
  receive(message: object): void;
  on(event: 'input', listener: (message: Arrived) => void): void;
}

/** Called once for each push that has ended, and each message that has gone through the empty node. */
export type OnEnd = (success: boolean) => void;

/** The built package in a whole Node-RED: an OTA push and an empty node, wired to the same listener, and an OTA rollout. */
export class BenchedNode {
  readonly #nodeRed: NodeRed;
  readonly #push: FlowNode;
  readonly #empty: FlowNode;
  readonly #rollout: FlowNode;
  #onEnd: OnEnd = () => undefined;
  #onRollout: (counts: Readonly<Record<string, number>>) => void = () => undefined;

  /** Starts Node-RED, its broker connection goes to this broker. */
  static async start(brokerUrl: string): Promise<BenchedNode> {
    return new BenchedNode(await NodeRed.start(flowOf(brokerUrl)));
  }

  private constructor(nodeRed: NodeRed) {
    this.#nodeRed = nodeRed;
    this.#push = this.#node('push');
    this.#empty = this.#node('empty');
    this.#rollout = this.#node('rollout');
    this.#node('rolloutEnd').on('input', ({ rollout }) => rollout && this.#onRollout(rollout.counts));
    this.#node('success').on('input', () => this.#onEnd(true));
    this.#node('noSuccess').on('input', ({ ota }) => {
      if (ota?.code !== 'cancelled') console.error(ota?.message);
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

  /** Ends the pushes that are under way. */
  resetPushes(): void {
    this.#push.receive({ reset: true });
  }

  /** Sends the same message through a node that only passes it on. */
  pass(target: string, filename: string, payload: Buffer): void {
    this.#empty.receive({ target, filename, payload });
  }

  /** Resolves, at the end of the rollout, to how many devices came to each result. */
  rollOut(targets: readonly string[], filename: string, payload: Buffer): Promise<Readonly<Record<string, number>>> {
    return new Promise((resolve) => {
      this.#onRollout = resolve;
      this.#rollout.receive({ targets, filename, payload });
    });
  }

  /** Of what the server of the rollout remembers of devices. */
  get bookPath(): string {
    return join(this.#nodeRed.userDir, 'ota-push', 'devices-usualServer.jsonl');
  }

  /** Ends the rollout that is under way. */
  resetRollout(): void {
    this.#rollout.receive({ reset: true });
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
  const asDropped = {
    file: 'payload',
    fileType: 'msg',
    filename: 'filename',
    filenameType: 'msg',
    reboot: 'true',
    rebootType: 'bool',
    timeout: '30',
    timeoutType: 'num',
  };
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
      ...asDropped,
      wires: [['success'], ['noSuccess']],
    },
    { id: 'usualServer', type: 'ota-server', broker: 'broker', advertise: '127.0.0.1', concurrency: '100' },
    { id: 'rollout', ...place, type: 'ota-rollout', server: 'usualServer', ...asDropped, wires: [[], ['rolloutEnd']] },
    { id: 'rolloutEnd', ...place, type: 'junction', wires: [] },
    { id: 'empty', ...place, type: 'junction', wires: [['success']] },
    { id: 'success', ...place, type: 'junction', wires: [] },
    { id: 'noSuccess', ...place, type: 'junction', wires: [] },
  ];
}
