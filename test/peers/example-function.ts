import { startAedes } from './brokers';
import { nodesOf } from './example';
import { Inbox } from './inbox';
import type { Resources } from './resources';
import { listener, place, type Received, TestFlow } from './test-flow';

/** A function node of an example by itself. */
export interface ExampleFunction {
  readonly flow: TestFlow;
  /** What leaves it, by whichever output. */
  readonly sent: Inbox<Received>;
  /** Sends it a message. */
  say(message: Record<string, unknown>): void;
}

/**
 * Starts it, each of its outputs wired twice, so that Node-RED copies what leaves it.
 * @param inFlow what the context of its flow holds when it starts
 */
export async function startExampleFunction(
  resources: Resources,
  example: string,
  name: string,
  inFlow: Readonly<Record<string, unknown>> = {},
): Promise<ExampleFunction> {
  const node = nodesOf(example).find((one) => one.type === 'function' && one.name === name);
  const wires = Array.from({ length: Number(node?.outputs) }, () => ['one', 'other']);
  const initialize = Object.entries(inFlow)
    .map(([key, value]) => `flow.set(${JSON.stringify(key)}, ${JSON.stringify(value)});`)
    .join('\n');
  const flow = await resources.use(
    TestFlow.start({
      broker: await resources.use(startAedes()),
      coreNodes: ['function/10-function'],
      more: [
        { ...place, id: 'before', type: 'function', func: 'return null;', outputs: 0, initialize, wires: [] },
        { ...node, ...place, id: 'function', wires },
        listener('one'),
        listener('other'),
      ],
      watched: ['function'],
    }),
  );
  const sent = new Inbox<Received>();
  // Lists of a function node are none of ours; as JSON they are.
  flow.node('one').on('input', (message) => sent.push(JSON.parse(JSON.stringify(message)) as Received));
  return { flow, sent, say: (message) => flow.node('function').receive(message as never) };
}
