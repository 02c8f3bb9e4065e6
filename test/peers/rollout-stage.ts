import assert from 'node:assert/strict';
import type { Misbehaviour } from './simulated-device';
import { lamps, SimulatedFleet } from './simulated-fleet';
import { Stage } from './stage';
import type { Received } from './test-flow';

/** What tests of rollouts bring to devices. */
export const file = Buffer.from('print("lamp version 2")\n');

/** Where one device is to come and another one not: longer than a busy machine takes for the first. */
export const patient = { timeout: '3' };

/** How many devices came to each result, where none did. */
export const none = { success: 0, unchanged: 0, timeout: 0, failed: 0, cancelled: 0, skipped: 0 };

/** What output 2 says. */
export interface RolloutEnded {
  readonly id: string;
  readonly counts: Record<string, number>;
  readonly targets: Record<string, string[]>;
  readonly waves: { readonly size: number; readonly counts: Record<string, number> }[];
  readonly durations: Record<string, number>;
}

/** A stage with a fleet of lamps and a flow with an OTA rollout. */
export class RolloutStage extends Stage {
  #fleet: SimulatedFleet | undefined;

  get fleet(): SimulatedFleet {
    return this.#fleet ?? assert.fail('no fleet has been started');
  }

  /** Starts both. */
  async start(
    count: number,
    rollout: Record<string, unknown> = {},
    misbehaviours: Record<string, Misbehaviour> = {},
    server: Record<string, unknown> = {},
  ): Promise<void> {
    await this.startFleet(count, misbehaviours);
    await this.startFlow({ rollout, server });
  }

  async startFleet(count: number, misbehaviours: Record<string, Misbehaviour> = {}): Promise<void> {
    this.#fleet = await this.resources.use(SimulatedFleet.start(this.broker.url, lamps(count), misbehaviours));
  }

  send(targets: unknown, more: Record<string, unknown> = {}): void {
    this.flow.send({ payload: file, filename: 'main.py', targets, ...more });
  }

  /** The rollout's last message. */
  async ended(): Promise<Received & { readonly rollout: RolloutEnded }> {
    const end = await this.flow.ends.nextThat(({ output }) => output !== 1);
    assert.equal(end.output, 2, end.error?.message);
    return end as Received & { readonly rollout: RolloutEnded };
  }

  /** What output 1 has told so far. */
  ofDevices(): Received[] {
    return this.flow.ends.all.filter(({ output }) => output === 1);
  }
}
