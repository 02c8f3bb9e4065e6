import type { Node, NodeAPI, NodeDef } from 'node-red';
import { Rollout } from '../../lib/rollout/rollout';
import { waveSizes } from '../../lib/rollout/waves';
import { Input, type InputSettings } from '../shared/input';
import { asksFor, heldBytesOf, type Message } from '../shared/message';
import { onInput, type Send } from '../shared/on-input';
import { Progress } from '../shared/progress';
import type { Template } from '../shared/push-template';
import { Readiness } from '../shared/readiness';
import { purposeOf } from '../shared/restore';
import { requireServer, serverOf } from '../shared/server-node';
import { readTargets } from '../shared/targets';
import type { Translate } from '../shared/throttled-status';
import { RolloutOutput } from './output';
import { RolloutQueue } from './rollout-queue';
import { type RolloutSettings, readRolloutSettings } from './settings';
import { RolloutStatus } from './status';

interface OtaRolloutDef extends NodeDef, InputSettings, RolloutSettings {
  readonly server: string;
  readonly skipUnchanged?: boolean;
  readonly progress?: boolean;
}

function register(RED: NodeAPI): void {
  function OtaRollout(this: Node, config: OtaRolloutDef): void {
    RED.nodes.createNode(this, config);
    const server = serverOf(RED, config.server);
    const input = new Input(RED, this, config);
    const ifUnchanged = config.skipUnchanged ? 'skip' : 'push';
    const translate: Translate = (key, values) => RED._(`ota-rollout.status.${key}`, values);
    const status = new RolloutStatus(this, translate, new Readiness(RED, server, config.server));
    const rollouts = new RolloutQueue(() => status.working(rollouts));

    /** What a message asks for, and how it is answered. @throws BadInput */
    const read = (message: Message, send: Send) => {
      input.refuse(message);
      const ready = requireServer(RED, server, config.server);
      const { pushServer } = ready;
      const { targets: ofDialog, waves, pauseMs, stopAfter } = readRolloutSettings(config);
      const targets = readTargets(message.targets, ofDialog);
      const hostnames = [...targets.keys()];
      const purpose = purposeOf(message);
      const toRollout = (template: Template) => {
        const held = template.files.map(({ bytes }) => bytes);
        const output = new RolloutOutput(message, config, held, RED.util);
        const rollout = new Rollout({
          targets: hostnames,
          waves: waveSizes(waves, hostnames.length),
          pauseMs,
          stopAfter,
          concurrency: pushServer.concurrency,
          push: (target, ending, onStage) =>
            pushServer.push(template.jobsFor(target), ending, {
              onActivity: (activity) => activity === 'announce' && onStage('started'),
              onBlocked: () => onStage('blocked'),
              onStart: () => onStage('ready'),
              ifUnchanged,
              purpose,
            }),
          onOutcome: (target, outcome) => send(output.toDevice(targets.get(target) ?? { target }, outcome)),
          onChange: () => status.working(rollouts),
        });
        return { rollout, output, heldBytes: heldBytesOf(message, template.files) };
      };
      const template = input.readTemplate(message, ready, hostnames);
      return template instanceof Promise ? template.then(toRollout) : toRollout(template);
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

    onInput(this, run, (code) => status.badInput(code));

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
