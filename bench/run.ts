import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chartOf } from './chart';
import { floorPush } from './floor';
import { insideNamespace } from './namespace';
import { BenchedNode } from './node';
import { startPeer } from './peers';
import { measureMemory, measureScale } from './scale';
import { median, ms, ratio } from './statistics';

/** The client that Node-RED itself uses: the floor gets no better and no worse one. */
const mqtt = createRequire(require.resolve('@node-red/nodes/core/network/10-mqtt.js'))('mqtt') as typeof import('mqtt');

const file = Buffer.alloc(3800, 'print("3.8 KB of a program")\n');
const pairs = 1500;
/** Until the engine has compiled both ways for good: a Node-RED runs for months. */
const warmUps = 4500;
/** Five would do on a machine of its own; the median of more is less at the mercy of whatever else this one does. */
const rounds = 21;
const thousand = Array.from({ length: 1000 }, (_, number) => `device${number}`);

type Way = (target: string, done: (success: boolean) => void) => void;

/** Pushes to all of them at once; milliseconds until the last has ended. @throws Error when one has not succeeded */
function time(way: Way, targets: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    let left = targets.length;
    const startedAt = performance.now();
    const done = (success: boolean) => {
      if (!success) reject(new Error('a push did not succeed'));
      left -= 1;
      if (left === 0) resolve(performance.now() - startedAt);
    };
    for (const target of targets) way(target, done);
  });
}

/** Measures the ways in turn, the order alternating, so that whatever else the machine does hits all alike. */
async function interleave<Name extends string>(ways: Record<Name, Way>, times: number, targets: readonly string[]) {
  const names = Object.keys(ways) as Name[];
  const measured = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let turn = 0; turn < times; turn += 1) {
    const order = turn % 2 === 0 ? names : [...names].reverse();
    for (const name of order) measured[name].push(await time(ways[name], targets));
  }
  return measured;
}

/** Rollouts of growing size; draws their chart where a path for it is given. */
async function rollOutMany(node: BenchedNode): Promise<void> {
  const scales = await measureScale(node, file);
  console.log('Rollouts of a file of 3.8 KB, 100 devices at once:');
  for (const { devices, msPerDevice, lagMs, writings } of scales) {
    const most = `event loop held for ${ms(lagMs)}, the device book written ${writings} times at most`;
    console.log(`  ${devices} devices: ${ms(msPerDevice)} per device, ${most}`);
  }
  const [, hundred, thousand] = scales;
  console.log(`  1,000 to 100: ${ratio((thousand?.msPerDevice ?? 0) / (hundred?.msPerDevice ?? 1))} per device`);
  const { underWay, waiting } = await measureMemory(node, file);
  console.log(
    `  memory: ${Math.round(underWay)} bytes per push under way, ${Math.round(waiting)} per device that waits`,
  );
  const chart = process.argv[2];
  if (chart) await writeFile(chart, chartOf(scales, 'Time per device in a rollout of 3.8 KB (milliseconds)'));
}

async function main(): Promise<void> {
  const broker = await startPeer('broker.ts');
  const devices = await startPeer('devices.ts', broker.word);
  const client = await mqtt.connectAsync(broker.word);
  const node = await BenchedNode.start(broker.word);
  const floor: Way = (target, done) => floorPush(client, target, 'main.py', file, () => done(true));
  const throughNode: Way = (target, done) => {
    node.onEnd = done;
    node.push(target, 'main.py', file);
  };
  const empty: Way = (target, done) => {
    node.onEnd = done;
    node.pass(target, 'main.py', file);
  };

  await interleave({ floor, node: throughNode, empty }, warmUps, ['device1']);
  const single = await interleave({ floor, node: throughNode, empty }, pairs, ['device1']);
  const ofPairs = single.floor.map((floorMs, pair) => (single.node[pair] ?? 0) / floorMs);
  const netOfPairs = single.floor.map((ms, pair) => ((single.node[pair] ?? 0) - (single.empty[pair] ?? 0)) / ms);
  console.log(`One push of 3.8 KB, ${pairs} interleaved pairs:`);
  const [floorOne, nodeOne, emptyOne] = [single.floor, single.node, single.empty].map(median);
  console.log(`  floor ${ms(floorOne ?? 0)}, node ${ms(nodeOne ?? 0)}, an empty node ${ms(emptyOne ?? 0)}`);
  console.log(
    `  ratio ${ratio(median(ofPairs))}, ${ratio(median(netOfPairs))} net of the empty node (medians of the pairs)`,
  );

  await interleave({ floor, node: throughNode, empty }, 1, thousand);
  const before = process.memoryUsage().arrayBuffers;
  const many = await interleave({ floor, node: throughNode, empty }, rounds, thousand);
  const [floorMs, nodeMs, emptyMs] = [median(many.floor), median(many.node), median(many.empty)];
  const copied = (process.memoryUsage().arrayBuffers - before) / thousand.length;
  console.log(`1,000 pushes at once, ${rounds} rounds, all of them successes:`);
  console.log(`  floor ${ms(floorMs)}, node ${ms(nodeMs)}, an empty node ${ms(emptyMs)}`);
  console.log(`  ratio ${ratio((nodeMs - emptyMs) / floorMs)} net of the empty node`);
  console.log(`  buffers afterwards: ${Math.round(copied)} bytes more per push than before`);

  await rollOutMany(node);

  await node.stop();
  await client.endAsync();
  await devices.stop();
  await broker.stop();
}

insideNamespace(main).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
