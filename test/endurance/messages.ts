import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import RED from 'node-red';
import { startPeer } from '../../bench/peers';
import { usedBytes } from '../../bench/used-bytes';
import { NodeRed } from '../../demo/node-red';
import { devicesDefaults, place, pushDefaults, serverDefaults } from '../peers/test-flow';
import { seeded } from './amount';
import { AnsweringDevice } from './answering-device';
import { type Configurations, configurations, type MakeMessage, message } from './arbitraries';

/** What was seen; the program prints it as JSON. */
export interface MessagesSeen {
  /** Into each node. */
  readonly messages: number;
  readonly announcements: number;
  readonly results: Readonly<Record<string, number>>;
  /** Bytes in use after a fifth of them, and after the last. */
  readonly memory: readonly [number, number];
}

/** What became of one message. */
interface Fate {
  readonly type: NodeType;
  readonly id: string;
  readonly isSteering: boolean;
  done: number;
  readonly errors: unknown[];
  /** Messages that left by an output, by its number. */
  sent: number[];
}

type NodeType = 'push' | 'rollout' | 'devices' | 'haUpdate';

/** The outputs by which messages leave, each by one of them; what a press of Install sends is a message of its own. */
const endsOf: Record<NodeType, readonly number[]> = { push: [0, 1], rollout: [1], devices: [0], haUpdate: [] };

interface CompleteEvent {
  readonly msg: object;
  readonly node: { readonly id: string };
  readonly error?: unknown;
}

interface SendEvent {
  readonly msg: { readonly _msgid?: unknown; readonly payload?: unknown };
  readonly source: { readonly id: string; readonly port: number };
}

interface Hooks {
  add(name: 'onComplete.endurance', hook: (event: CompleteEvent) => void): void;
  add(name: 'onSend.endurance', hook: (events: readonly SendEvent[]) => void): void;
}

interface Nodes {
  setFlows(flow: readonly object[], type: 'nodes'): Promise<unknown>;
  getNode(id: string): { receive(message: object): void } | null;
}

/** Some 30 in the mean: a failure is shrunk to few. */
const leastPerRun = 5;
const mostPerRun = 60;
/** Node-RED gives a node 15 seconds to close. */
const longestCloseMs = 10_000;
/** What has not ended by then waits for something, or for long. */
const mostPatienceMs = 300;
/** What a node has begun may end after it has closed. */
const endsWithinMs = 5000;
const nodes = () => RED.nodes as unknown as Nodes;

/** A program of its own: random messages into nodes with random configurations, in a whole Node-RED. Usage: messages.ts MESSAGES */
async function main([wanted = 0]: readonly number[]): Promise<void> {
  const problems: string[] = [];
  process.on('unhandledRejection', (error) => problems.push(`an unhandled rejection: ${describe(error)}`));
  process.on('uncaughtException', (error) => problems.push(`an uncaught exception: ${describe(error)}`));
  const broker = await startPeer('broker.ts');
  const device = await AnsweringDevice.start(broker.word, (problem) => problems.push(problem));
  const nodeRed = await NodeRed.start(standing(broker.word));
  const fuzz = new Fuzz(standing(broker.word), problems);
  let sent = 0;
  let first = 0;
  try {
    const property = fc.asyncProperty(
      configurations,
      fc.array(message, { minLength: leastPerRun, maxLength: mostPerRun, size: 'max' }),
      async (configuration, messages) => {
        if (sent >= wanted) return;
        await fuzz.run(configuration, messages);
        sent += messages.length;
        if (first === 0 && sent >= wanted / 5) first = usedBytes();
      },
    );
    await fc.assert(
      property,
      seeded({
        // As many as it takes where each has the least.
        numRuns: Math.ceil(wanted / leastPerRun),
        interruptAfterTimeLimit: 900_000,
        markInterruptAsFailure: true,
      }),
    );
    const seen: MessagesSeen = {
      messages: sent,
      announcements: device.announcements,
      results: fuzz.results,
      memory: [first, usedBytes()],
    };
    console.log(JSON.stringify(seen));
  } finally {
    await nodeRed.stop();
    await device.stop();
    await broker.stop();
  }
}

class Fuzz {
  readonly results: Record<string, number> = {};
  readonly #standing: readonly object[];
  readonly #problems: string[];
  readonly #fates = new Map<unknown, Fate>();
  readonly #byMessage = new WeakMap<object, Fate>();
  #number = 0;

  constructor(standing: readonly object[], problems: string[]) {
    this.#standing = standing;
    this.#problems = problems;
    const { hooks } = RED as unknown as { readonly hooks: Hooks };
    hooks.add('onComplete.endurance', ({ msg, node, error }) => {
      const fate = this.#byMessage.get(msg);
      if (fate?.id !== node.id) return; // the same message, further on
      fate.done += 1;
      if (error) fate.errors.push(error);
    });
    hooks.add('onSend.endurance', (events) => {
      for (const { msg, source } of events) {
        const fate = this.#fates.get(msg._msgid);
        if (fate?.id !== source.id) continue;
        fate.sent.push(source.port);
        if (typeof msg.payload === 'string') count(this.results, msg.payload);
      }
    });
  }

  /** @throws Error saying what is wrong */
  async run(configuration: Configurations, messages: readonly MakeMessage[]): Promise<void> {
    this.#number += 1;
    const id = (type: string) => `${type}-${this.#number}`;
    await deploy([...this.#standing, ...flowOf(configuration, id)]);
    for (const [index, make] of messages.entries()) {
      for (const type of ['push', 'rollout', 'devices', 'haUpdate'] as const) this.#send(type, id(type), index, make());
      if (index % 10 === 9) await new Promise(setImmediate);
    }
    // By the time that another push has gone through, most of them have too. The rest ends with its nodes.
    await this.#pushOnce();
    const fates = [...this.#fates.values()];
    await until(() => fates.every(({ done }) => done > 0), mostPatienceMs);
    const startedAt = performance.now();
    await deploy(this.#standing);
    const closingMs = performance.now() - startedAt;
    if (closingMs > longestCloseMs) this.#problems.push(`the nodes took ${closingMs} ms to close`);
    await until(() => fates.every(({ done }) => done > 0), endsWithinMs);
    for (const [message, fate] of this.#fates) this.#judge(String(message), fate);
    this.#fates.clear();
    const problems = this.#problems.splice(0);
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  #send(type: NodeType, id: string, index: number, made: Record<string, unknown>): void {
    const _msgid = `${id}-${index}`;
    const message: Record<string, unknown> = Object.isFrozen(made) ? Object.freeze({ ...made, _msgid }) : made;
    if (message !== made) this.#note(type, id, message);
    else this.#note(type, id, Object.assign(made, { _msgid }));
    const node = nodes().getNode(id);
    if (!node) throw new Error(`there is no ${id}`);
    node.receive(message);
  }

  #note(type: NodeType, id: string, message: Readonly<Record<string, unknown>>): void {
    const asks = (name: string) => message[name] !== undefined && message[name] !== false;
    const isSteering =
      (type === 'push' && asks('reset')) ||
      (type === 'rollout' && (asks('reset') || asks('pause') || asks('continue')));
    const fate: Fate = { type, id, isSteering, done: 0, errors: [], sent: [] };
    this.#fates.set(message._msgid, fate);
    this.#byMessage.set(message, fate);
  }

  #judge(message: string, { type, isSteering, done, errors, sent }: Fate): void {
    const wrong = (what: string) => this.#problems.push(`${message}: ${what}`);
    if (done !== 1) wrong(`was done ${done} times`);
    const ends = sent.filter((port) => endsOf[type].includes(port)).length;
    const expected = type === 'haUpdate' || isSteering || errors.length > 0 ? 0 : 1;
    if (ends !== expected)
      wrong(`left by an output ${ends} times instead of ${expected}, with ${errors.length} errors`);
    // What is wrong with a message, or a configuration, is said in words.
    for (const bug of errors.filter(isBug)) wrong(describe(bug));
  }

  #pushOnce(): Promise<void> {
    const marker = { _msgid: `marker-${this.#number}`, target: 'marker', filename: 'marker.bin', payload: 'x' };
    const fate: Fate = { type: 'push', id: 'marker', isSteering: false, done: 0, errors: [], sent: [] };
    this.#byMessage.set(marker, fate);
    nodes().getNode('marker')?.receive(marker);
    return until(() => fate.done > 0, 60_000);
  }
}

/** What stays between the runs: the broker, and nodes that work. */
function standing(brokerUrl: string) {
  const { hostname, port } = new URL(brokerUrl);
  const server = { ...serverDefaults, type: 'ota-server', broker: 'broker', advertise: '127.0.0.1' };
  return [
    { id: 'tab', type: 'tab', label: 'Messages' },
    { id: 'broker', type: 'mqtt-broker', broker: hostname, port, protocolVersion: '4', cleansession: true },
    { id: 'markerServer', ...server, topic: 'standing/{target}/OTA' },
    { id: 'marker', ...place, type: 'ota-push', server: 'markerServer', ...pushDefaults, wires: [[], []] },
  ];
}

function flowOf({ server, push, rollout, haUpdate }: Configurations, id: (type: string) => string) {
  const ours = { ...place, server: id('server') };
  const wires = [[id('out')], [id('out')], [id('out')]];
  return [
    { ...server, id: id('server'), type: 'ota-server', broker: 'broker', credentials: { secret: 's'.repeat(32) } },
    { ...push, id: id('push'), type: 'ota-push', ...ours, wires },
    { ...rollout, id: id('rollout'), type: 'ota-rollout', ...ours, wires },
    {
      ...devicesDefaults,
      watch: true,
      outputs: 2,
      id: id('devices'),
      type: 'ota-devices',
      ...ours,
      wires: wires.slice(1),
    },
    { ...haUpdate, id: id('haUpdate'), type: 'ota-ha-update', ...ours, wires: [[id('out')]] },
    { id: id('catch'), ...place, type: 'catch', scope: null, wires: [[id('out')]] },
    {
      id: id('complete'),
      ...place,
      type: 'complete',
      scope: [id('push'), id('rollout'), id('devices')],
      wires: [[id('out')]],
    },
    { id: id('out'), ...place, type: 'junction', wires: [] },
  ];
}

/** Resolves when those nodes that are gone have closed and the new ones run. */
async function deploy(flow: readonly object[]): Promise<void> {
  const started = new Promise<void>((resolve) => RED.events.once('flows:started', () => resolve()));
  await nodes().setFlows(flow, 'nodes');
  await started;
}

function isBug(error: unknown): boolean {
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
}

/** Looks again and again; what takes too long is for the caller to find out. */
async function until(isSo: () => boolean, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isSo() && performance.now() < deadline) await setTimeout(5);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [error.stack ?? error.message, ...(error.cause ? [describe(error.cause)] : [])].join('\n');
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

main(process.argv.slice(2).map(Number)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(describe(error));
    process.exit(1);
  },
);
