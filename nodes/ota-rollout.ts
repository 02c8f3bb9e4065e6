import type { Node, NodeAPI, NodeDef } from 'node-red';
import { Rollout } from './lib/fleet/rollout';
import { waveSizes } from './lib/fleet/waves';
import { readDevices } from './lib/node-red/devices';
import { Input, type InputSettings } from './lib/node-red/input';
import { asksFor, type Message } from './lib/node-red/message';
import { onInput, type Send } from './lib/node-red/on-input';
import { type OtaServerNode, usable } from './lib/node-red/ota-server-node';
import type { Plan } from './lib/node-red/plan';
import { Progress } from './lib/node-red/progress';
import { Remembered } from './lib/node-red/remembered';
import { RolloutOutput } from './lib/node-red/rollout-output';
import { type RolloutSettings, readRolloutSettings } from './lib/node-red/rollout-settings';
import { RolloutStatus } from './lib/node-red/rollout-status';
import { Rollouts } from './lib/node-red/rollouts';

interface OtaRolloutDef extends NodeDef, InputSettings, RolloutSettings {
  readonly server: string;
  readonly skipUnchanged?: boolean;
  readonly progress?: boolean;
}

function register(RED: NodeAPI): void {
  function OtaRollout(this: Node, config: OtaRolloutDef): void {
    RED.nodes.createNode(this, config);
    const server = RED.nodes.getNode(config.server) as OtaServerNode | null;
    const input = new Input(RED, this, config);
    const memory = config.skipUnchanged ? new Remembered(this) : undefined;
    const status = new RolloutStatus(this, (key, values) => RED._(`ota-rollout.status.${key}`, values));
    const rollouts = new Rollouts(() => status.working(rollouts));

    /** What a message asks for, and how it is answered. @throws BadInput */
    const read = (message: Message, send: Send) => {
      const { sender, signing } = usable(RED, server);
      const { waves, pauseMs, stopAfter } = readRolloutSettings(config);
      const devices = readDevices(message.targets);
      const targets = [...devices.keys()];
      const toRollout = (plan: Plan) => {
        const output = new RolloutOutput(message, config, plan.bytes, RED.util);
        const rollout = new Rollout({
          targets,
          waves: waveSizes(waves, targets.length),
          pauseMs,
          stopAfter,
          atOnce: sender.atOnce,
          push: (target, cancellation, onStage) =>
            sender.push(plan.jobsFor(target), cancellation, {
              onPhase: (doing) => doing === 'announce' && onStage('started'),
              onHeldUp: () => onStage('held-up'),
              onTurn: () => onStage('ready'),
              memory,
            }),
          onOutcome: (target, outcome) => send(output.toDevice(devices.get(target) ?? { target }, outcome)),
          onChange: () => status.working(rollouts),
        });
        return { rollout, output };
      };
      const plan = input.readPlan(message, signing);
      return plan instanceof Promise ? plan.then(toRollout) : toRollout(plan);
    };

    const run = async (message: Message, send: Send): Promise<void> => {
      if (asksFor(message, 'reset')) return rollouts.cancel();
      if (asksFor(message, 'pause')) return rollouts.pause();
      if (asksFor(message, 'continue')) return rollouts.continue();
      let progress: Progress<Rollout> | undefined;
      try {
        const { rollout, output, end } = await rollouts.run(read(message, send), (begun) => {
          if (!config.progress) return;
          progress = new Progress((percent, known) => send(begun.output.toProgress(percent, known.report())));
          progress.start(() => ({ percent: percentOf(begun.rollout), known: begun.rollout }));
        });
        const report = rollout.report();
        status.end(end, report.counts);
        send(output.toEnd(end, report));
      } finally {
        progress?.stop();
        status.working(rollouts);
      }
    };

    onInput(this, run, () => status.badInput(rollouts));

    this.on('close', (done: (error?: Error) => void) => {
      status.close();
      rollouts.close().then(() => done(), done);
    });
  }

  RED.nodes.registerType('ota-rollout', OtaRollout);
}

function percentOf({ ended, total }: Rollout): number {
  return Math.floor((100 * ended) / total);
}

export = register;
