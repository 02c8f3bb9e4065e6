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

    /** What a message asks for. @throws BadInput */
    const read = (message: Message, send: Send, output: RolloutOutput): Rollout | Promise<Rollout> => {
      const { sender, signing } = usable(RED, server);
      const { waves, pauseMs, stopAfter } = readRolloutSettings(config);
      const devices = readDevices(message.targets);
      const targets = [...devices.keys()];
      const toRollout = (plan: Plan) =>
        new Rollout({
          targets,
          waves: waveSizes(waves, targets.length),
          pauseMs,
          stopAfter,
          atOnce: sender.atOnce,
          push: (target, cancellation, onStart) => {
            const onPhase = (doing: string) => doing === 'announce' && onStart();
            return sender.push(plan.jobsFor(target), cancellation, { onPhase, memory });
          },
          onOutcome: (target, outcome) => send(output.toDevice(devices.get(target) ?? { target }, outcome)),
          onChange: () => status.working(rollouts),
        });
      const plan = input.readPlan(message, signing);
      return plan instanceof Promise ? plan.then(toRollout) : toRollout(plan);
    };

    const run = async (message: Message, send: Send): Promise<void> => {
      if (asksFor(message, 'reset')) return rollouts.cancel();
      if (asksFor(message, 'pause')) return rollouts.pause();
      if (asksFor(message, 'continue')) return rollouts.continue();
      const output = new RolloutOutput(message, config, RED.util);
      const progress = new Progress<Rollout>((percent, rollout) => send(output.toProgress(percent, rollout.report())));
      const onStart = (rollout: Rollout) => {
        if (config.progress) progress.start(() => ({ percent: percentOf(rollout), known: rollout }));
      };
      try {
        const { rollout, end } = await rollouts.run(read(message, send, output), onStart);
        const report = rollout.report();
        status.end(end, report.counts);
        status.working(rollouts);
        send(output.toEnd(end, report));
      } finally {
        progress.stop();
      }
    };

    onInput(this, run, () => status.badInput());

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
