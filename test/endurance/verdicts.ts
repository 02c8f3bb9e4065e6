import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Peer, startPeer } from '../../bench/peers';
import { usedBytes } from '../../bench/used-bytes';
import { hashOf } from '../../lib/protocol/announcement';
import { badKinds, goodKinds, hostnameOf, type Kind, kinds } from './devices';
import type { Answer, Question } from './fleet';
import { VerdictFlow } from './flow';

/** What was seen of many pushes; the program prints it as JSON. */
export interface Verdicts {
  readonly pushes: number;
  /** How many ended so, by kind of device and code. */
  readonly ends: Readonly<Record<string, number>>;
  /** What must not be, in words. */
  readonly wrong: readonly string[];
  /** How often a device had the file although the push was no success, by the reason. */
  readonly differences: Readonly<Record<string, number>>;
  /** Bytes in use after the first pushes, and after the last. */
  readonly memory: readonly [number, number];
  /** What there was before the first push, and is after the last, where that is more. */
  readonly left: readonly string[];
}

/** One in so many goes to a device that misbehaves. */
const badEvery = 10;
/** Seconds that a device has for its next step: one that comes may be slow on a busy machine. */
const patience = 60;
const impatience = 2;
/** What is still there so long after the last push will stay. */
const settlesWithinMs = 20_000;
const sizes = [0, 1, 536, 3800, 3800, 20_000, 300_000];

/**
 * A program of its own: pushes to devices of every kind.
 * Usage: verdicts.ts FIRST ONE_BY_ONE AT_ONCE
 * @param first after which the engine and Node-RED have what they need: the memory is compared with what it is then
 */
async function main([first = 0, oneByOne = 0, many = 0]: readonly number[]): Promise<void> {
  const broker = await startPeer('broker.ts');
  const fleet = await startPeer(join(__dirname, 'fleet.ts'), broker.word);
  const flow = await VerdictFlow.start(broker.word);
  try {
    const run = new Run(flow, fleet);
    const before = flow.holdings();
    await run.pushAll(first, 50);
    flow.forgetDevices();
    await settled(flow, before);
    const used = usedBytes();
    await run.pushAll(oneByOne, 1);
    await run.pushAll(many, 50);
    flow.forgetDevices();
    const left = await settled(flow, before);
    const surplus = flow.surplus.map((number) => `push ${number} left by an output twice`);
    const wrong = [...run.wrong, ...surplus];
    const { pushes, ends, differences } = run;
    const verdicts: Verdicts = { pushes, ends, wrong, differences, memory: [used, usedBytes()], left };
    console.log(JSON.stringify(verdicts));
  } finally {
    await flow.stop();
    await fleet.stop();
    await broker.stop();
  }
}

class Run {
  pushes = 0;
  readonly ends: Record<string, number> = {};
  readonly wrong: string[] = [];
  readonly differences: Record<string, number> = {};
  readonly #flow: VerdictFlow;
  readonly #fleet: Peer;
  readonly #asked = new Map<number, (sha1: string | null) => void>();

  constructor(flow: VerdictFlow, fleet: Peer) {
    this.#flow = flow;
    this.#fleet = fleet;
    fleet.child.on('message', ({ number, sha1 }: Answer) => {
      this.#asked.get(number)?.(sha1);
      this.#asked.delete(number);
    });
  }

  /** So many more, so many of them at once. */
  async pushAll(count: number, atOnce: number): Promise<void> {
    const last = this.pushes + count;
    const pushOnAndOn = async () => {
      while (this.pushes < last) await this.#push(this.pushes++);
    };
    await Promise.all(Array.from({ length: atOnce }, pushOnAndOn));
  }

  async #push(number: number): Promise<void> {
    const isBad = number % badEvery === badEvery - 1;
    const names = Object.keys(isBad ? badKinds : goodKinds);
    const turn = Math.floor(isBad ? number / badEvery : number);
    const name = names[turn % names.length] ?? '';
    const kind = kinds[name] as Kind;
    const target = hostnameOf(name, Math.floor(turn / names.length));
    const payload = contentOf(number, kind.size ?? sizes[number % sizes.length] ?? 0);
    const filename = `file-${number}.bin`;
    const timeout = isBad && kind.codes[0] !== null ? impatience : patience;
    const { ota } = await this.#flow.push(kind.verify, { number, target, filename, payload, timeout });
    const hasIt = (await this.#ask({ number, hostname: target, filename })) === hashOf(payload, 'sha1');
    this.#judge(`${target} ${number}`, name, kind, ota.code, hasIt);
  }

  #judge(what: string, name: string, kind: Kind, code: string | null, hasIt: boolean): void {
    count(this.ends, `${name}: ${code ?? 'success'}`);
    if (!kind.codes.includes(code)) this.wrong.push(`${what} ended with ${code ?? 'success'}`);
    if (code === null && !hasIt) this.wrong.push(`${what} was a success, and the device's file differs`);
    if (code === null || !hasIt) return;
    if (kind.differsSince === undefined) this.wrong.push(`${what} has the file, and ended with ${code}`);
    else count(this.differences, `${code}, ${kind.differsSince}`);
  }

  #ask(question: Question): Promise<string | null> {
    return new Promise((resolve) => {
      this.#asked.set(question.number, resolve);
      this.#fleet.child.send(question);
    });
  }
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** Another one for each push. */
function contentOf(number: number, size: number): Buffer {
  return Buffer.alloc(size, `${number} `);
}

/** Waits until there is no more than before. @returns what there still is, once that takes too long */
async function settled(flow: VerdictFlow, before: Readonly<Record<string, number>>): Promise<string[]> {
  const deadline = Date.now() + settlesWithinMs;
  for (;;) {
    const now = flow.holdings();
    const more = Object.keys(now).filter((kind) => (now[kind] ?? 0) > (before[kind] ?? 0));
    if (more.length === 0) return [];
    if (Date.now() > deadline) return more.map((kind) => `${kind}: ${before[kind] ?? 0}, then ${now[kind]}`);
    await setTimeout(100);
  }
}

main(process.argv.slice(2).map(Number)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
