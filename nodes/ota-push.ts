import type { Node, NodeAPI, NodeDef } from 'node-red';
import { Input, type InputSettings } from './lib/node-red/input';
import { asksFor, type Message } from './lib/node-red/message';
import { onInput, type Send } from './lib/node-red/on-input';
import { type OtaServerNode, type ReadyServer, usable } from './lib/node-red/ota-server-node';
import { toOutputs, toProgress } from './lib/node-red/output';
import { Progress } from './lib/node-red/progress';
import { Pushes } from './lib/node-red/pushes';
import { Remembered } from './lib/node-red/remembered';
import { StatusLine } from './lib/node-red/status';
import type { Job } from './lib/push/means';
import type { Doing, Outcome, PushFacts } from './lib/push/outcome';
import type { PushHooks } from './lib/sender/files-in-order';

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

    /** Not async, nor is `run`: an async function on the way is a part of a small push's cost. */
    const start = (jobs: Job[], message: Message, send: Send, { sender, broker }: ReadyServer): Promise<void> => {
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
      const end = () => {
        progress?.stop();
        pushes.end(push);
      };
      const tell = (outcome: Outcome) => {
        end();
        status.end(outcome);
        send(toOutputs(message, outcome));
      };
      const pass = (bug: unknown): never => {
        end();
        status.forget(jobs);
        throw bug;
      };
      try {
        return sender.push(jobs, push, { onPhase, onTurn, memory }).then(tell, pass);
      } catch (bug) {
        return pass(bug);
      }
    };

    const reset = async (target: string | undefined | Promise<string | undefined>): Promise<void> => {
      pushes.cancel(target instanceof Promise ? await target : target);
    };

    const run = (message: Message, send: Send): Promise<void> => {
      if (asksFor(message, 'reset')) return reset(input.readResetTarget(message));
      const ready = usable(RED, server);
      // No needless await: a reset that comes right before or after a push must find things in that order.
      const read = input.readPush(message, ready.signing);
      if (!(read instanceof Promise)) return start(read, message, send, ready);
      return pushes.reading(read).then((jobs) => start(jobs, message, send, ready));
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
