import type { Node, NodeAPI, NodeDef } from 'node-red';
import { Input, type InputSettings } from './lib/node-red/input';
import { asksFor, type Message } from './lib/node-red/message';
import { onInput, type Send } from './lib/node-red/on-input';
import { type OtaServerNode, usable } from './lib/node-red/ota-server-node';
import { toOutputs, toProgress } from './lib/node-red/output';
import { Progress } from './lib/node-red/progress';
import { Pushes } from './lib/node-red/pushes';
import { Remembered } from './lib/node-red/remembered';
import { StatusLine } from './lib/node-red/status';
import type { Doing, PushFacts } from './lib/push/outcome';
import type { PushHooks } from './lib/sender/sender';

interface OtaPushDef extends NodeDef, InputSettings {
  readonly server: string;
  readonly skipUnchanged?: boolean;
  readonly progress?: boolean;
}

/** What is done where nothing is done. */
const pausing: ReadonlySet<Doing> = new Set<Doing>(['queued', 'waiting', 'retry']);

function register(RED: NodeAPI): void {
  function OtaPush(this: Node, config: OtaPushDef): void {
    RED.nodes.createNode(this, config);
    const server = RED.nodes.getNode(config.server) as OtaServerNode | null;
    const input = new Input(RED, this, config);
    const pushes = new Pushes();
    const remembered = new Remembered(this);
    const status = new StatusLine(this, (key, values) => RED._(`ota-push.status.${key}`, values));

    const run = async (message: Message, send: Send): Promise<void> => {
      if (asksFor(message, 'reset')) {
        const target = input.readResetTarget(message);
        pushes.cancel(target instanceof Promise ? await target : target);
        return;
      }
      const { sender, broker, signing } = usable(RED, server);
      // No needless await: a reset that comes right before or after a push must find things in that order.
      const read = input.readPush(message, signing);
      const jobs = read instanceof Promise ? await pushes.reading(read) : read;
      const push = pushes.begin(jobs);
      const onPhase = (doing: Doing) => {
        const waitsForBroker = doing === 'announce' && !broker.isOnline;
        status.phase(jobs, doing, pausing.has(doing) || waitsForBroker);
      };
      const progress = config.progress
        ? new Progress<PushFacts>((percent, facts) => send(toProgress(message, percent, facts)))
        : undefined;
      const onTurn: PushHooks['onTurn'] = progress && ((snapshot) => progress.start(snapshot));
      const memory = config.skipUnchanged ? remembered : undefined;
      try {
        const outcome = await sender.push(jobs, push, { onPhase, onTurn, memory });
        progress?.stop();
        status.end(outcome);
        send(toOutputs(message, outcome));
      } finally {
        progress?.stop();
        pushes.end(push);
      }
    };

    onInput(this, run, () => status.problem('bad_input'));

    this.on('close', (done: (error?: Error) => void) => {
      status.close();
      pushes.close().then(() => done(), done);
    });
  }

  RED.nodes.registerType('ota-push', OtaPush);
}

export = register;
