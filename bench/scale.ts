import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { BenchedNode } from './node';
import { median } from './statistics';
import { usedBytes } from './used-bytes';
import { Writings } from './writings';

/** How a rollout of so many devices went, in the median of some. */
export interface Scale {
  readonly devices: number;
  readonly msPerDevice: number;
  /** The longest time for which Node-RED did nothing else, of all of them. */
  readonly lagMs: number;
  /** How often what is known of devices was written in a rollout, the most of all of them. */
  readonly writings: number;
}

/** In each round as many devices are pushed to in rollouts of each size, so that whatever the machine does hits all alike. */
const sizes = [10, 100, 1000] as const;
const devicesPerRound = 1000;
const rounds = 9;
const warmUps = 2;

const underWayAtOnce = 1000;
/** As the benchmark's flow says. */
const placesOfRollout = 100;
const queued = 10_000;

/** Rollouts of 10, 100 and 1,000 devices. @throws Error when a device does not succeed */
export async function measureScale(node: BenchedNode, file: Buffer): Promise<Scale[]> {
  const measured = sizes.map((devices) => ({ devices, msPerDevice: [] as number[], lagMs: 0, writings: 0 }));
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const scale of round % 2 === 0 ? measured : [...measured].reverse()) {
      let ms = 0;
      for (let left = devicesPerRound; left > 0; left -= scale.devices) {
        const rollout = await rollOut(node, scale.devices, file);
        ms += rollout.ms;
        if (round < 0) continue;
        scale.lagMs = Math.max(scale.lagMs, rollout.lagMs);
        scale.writings = Math.max(scale.writings, rollout.writings);
      }
      if (round >= 0) scale.msPerDevice.push(ms / devicesPerRound);
    }
  }
  return measured.map((scale) => ({ ...scale, msPerDevice: median(scale.msPerDevice) }));
}

/** Bytes that a push under way takes, its message included, and a device of a rollout that waits. */
export async function measureMemory(node: BenchedNode, file: Buffer): Promise<{ underWay: number; waiting: number }> {
  const few = await heldByRollout(node, placesOfRollout, file);
  const many = await heldByRollout(node, placesOfRollout + queued, file);
  const underWay = await heldByPushes(node, underWayAtOnce, file);
  return { underWay: underWay / underWayAtOnce, waiting: (many - few) / queued };
}

async function rollOut(node: BenchedNode, devices: number, file: Buffer) {
  const targets = Array.from({ length: devices }, (_, number) => `device${number}`);
  const writings = new Writings(node.bookPath);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const startedAt = performance.now();
  const { success } = await node.rollOut(targets, 'main.py', file);
  const ms = performance.now() - startedAt;
  delay.disable();
  const written = await writings.stop();
  if (success !== devices) throw new Error(`${success} of ${devices} devices succeeded`);
  return { ms, lagMs: delay.max / 1e6, writings: written };
}

/** What pushes to devices that never come hold, once all are under way. */
async function heldByPushes(node: BenchedNode, devices: number, file: Buffer): Promise<number> {
  const before = usedBytes();
  for (const target of absent(devices)) node.push(target, 'main.py', file);
  await aSecond();
  const held = usedBytes() - before;
  await new Promise<void>((resolve) => {
    let left = devices;
    node.onEnd = () => {
      left -= 1;
      if (left === 0) resolve();
    };
    node.resetPushes();
  });
  return held;
}

/** What a rollout to devices that never come holds, the list of their names included, once all that can be is under way. */
async function heldByRollout(node: BenchedNode, devices: number, file: Buffer): Promise<number> {
  const before = usedBytes();
  const ended = node.rollOut(absent(devices), 'main.py', file);
  await aSecond();
  const held = usedBytes() - before;
  node.resetRollout();
  await ended;
  return held;
}

function absent(devices: number): string[] {
  return Array.from({ length: devices }, (_, number) => `absent${number}`);
}

function aSecond(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000));
}
