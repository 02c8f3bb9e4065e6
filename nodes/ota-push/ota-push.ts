import type { Node, NodeAPI, NodeDef } from 'node-red';
import type { PushHooks } from '../../lib/push/hooks';
import type { Job } from '../../lib/push/job';
import type { Purpose } from '../../lib/push/services';
import type { PushActivity, PushState } from '../../lib/push/state';
import { Input, type InputSettings } from '../shared/input';
import { asksFor, heldBytesOf, type Message } from '../shared/message';
import { onInput, type Run, type Send } from '../shared/on-input';
import { Progress } from '../shared/progress';
import { Readiness } from '../shared/readiness';
import { purposeOf } from '../shared/restore';
import { type ReadyServer, requireServer, serverOf } from '../shared/server-node';
import type { Translate } from '../shared/throttled-status';
import { ActivePushes } from './active-pushes';
import { toOutputs, toProgress } from './output';
import { StatusLine } from './status';

interface OtaPushDef extends NodeDef, InputSettings {
  readonly server: string;
  readonly skipUnchanged?: boolean;
  readonly progress?: boolean;
}

/** What a push waits for something in. */
const waiting: ReadonlySet<PushActivity> = new Set<PushActivity>(['queued', 'waiting', 'retry']);

function register(RED: NodeAPI): void {
  function OtaPush(this: Node, config: OtaPushDef): void {
    RED.nodes.createNode(this, config);
    const server = serverOf(RED, config.server);
    const input = new Input(RED, this, config);
    const pushes = new ActivePushes();
    const ifUnchanged = config.skipUnchanged ? 'skip' : 'push';
    const translate: Translate = (key, values) => RED._(`ota-push.status.${key}`, values);
    const status = new StatusLine(this, translate, new Readiness(RED, server, config.server));

    /** What shows how the push of these files goes on. */
    const hooksOf = (
      jobs: Job[],
      message: Message,
      purpose: Purpose,
      { broker }: ReadyServer,
      progress?: Progress<PushState>,
    ): PushHooks => ({
      onActivity: (activity) => {
        const waitsForBroker = activity === 'announce' && !broker.isOnline;
        status.phase(jobs, activity, waiting.has(activity) || waitsForBroker);
      },
      onStart: (look) => {
        status.follow(jobs, look);
        progress?.start(look);
      },
      ifUnchanged,
      purpose,
      heldBytes: heldBytesOf(message, jobs),
    });

    const reset = async (message: Message): Promise<void> => {
      const target = input.readResetTarget(message);
      const device = target instanceof Promise ? await target : target;
      if (device === undefined) status.beginAnew();
      pushes.cancel(device);
    };

    const push = async (message: Message, send: Send): Promise<void> => {
      input.refuse(message);
      const ready = requireServer(RED, server, config.server);
      const purpose = purposeOf(message);
      const read = input.readPush(message, ready);
      // No needless await: a reset that comes right before or after a push must find things in that order.
      const jobs = read instanceof Promise ? await pushes.reading(read) : read;
      const progress = config.progress
        ? new Progress<PushState>((percent, state) => send(toProgress(message, percent, state)))
        : undefined;
      const ending = pushes.begin(jobs);
      try {
        const outcome = await ready.pushServer.push(jobs, ending, hooksOf(jobs, message, purpose, ready, progress));
        status.end(outcome);
        send(toOutputs(message, outcome));
      } catch (bug) {
        status.forget(jobs);
        throw bug;
      } finally {
        pushes.end(ending);
        progress?.stop();
      }
    };

    const run: Run = (message, send) => (asksFor(message, 'reset') ? reset(message) : push(message, send));
    onInput(this, run, (code) => status.badInput(code));

    this.on('close', (done: (error?: Error) => void) => {
      status.close();
      pushes.close().then(() => done(), done);
    });
  }

  RED.nodes.registerType('ota-push', OtaPush);
}

export = register;
