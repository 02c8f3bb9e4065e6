import { execFile } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startAedes } from '../peers/brokers';
import { Resources } from '../peers/resources';
import type { Behaviour } from '../peers/simulated-device';
import { TestFlow } from '../peers/test-flow';
import { startPeerIn } from './start-peer';

/** What the network does, and what is pushed through it. */
export interface NetworkFault {
  /** Of a hundred packets so many are lost, each way. */
  readonly lostPercent?: number;
  /** No packet comes through for so long, from the first byte of the file on. */
  readonly silentMs?: number;
  readonly fileBytes: number;
  readonly device: Behaviour;
  /** Properties of the OTA push. */
  readonly push: Readonly<Record<string, unknown>>;
}

/** What came of it. */
export interface Through {
  readonly payload: unknown;
  readonly code: unknown;
  readonly verified: unknown;
  readonly transferMs: number;
  /** Packets. */
  readonly lost: number;
}

const here = '10.66.0.1';
const run = promisify(execFile);

/**
 * A program of its own, to be run on a host with a device in the namespace `at-home`: pushes once and prints what came of it.
 * Usage: push-through.ts FAULT_AS_JSON
 */
async function main([text = '']: readonly string[]): Promise<void> {
  const { lostPercent, silentMs, fileBytes, device, push } = JSON.parse(text) as NetworkFault;
  const resources = new Resources();
  try {
    const broker = await resources.use(startAedes({ host: here }));
    await startPeerIn(resources, 'at-home', 'device', broker.url, JSON.stringify(device));
    const flow = await resources.use(TestFlow.start({ broker, server: { advertise: here }, push }));
    if (lostPercent !== undefined) await lose(`numgen random mod 100 < ${lostPercent}`);
    const pushing = flow.push({
      payload: Buffer.alloc(fileBytes, '# lamp '),
      target: 'nightlamp',
      filename: 'lamp.bin',
    });
    if (silentMs !== undefined) {
      await flow.untilStatus(/transfer/);
      await lose('');
      await setTimeout(silentMs);
      await nft('flush table inet loss');
    }
    const { payload, ota } = await pushing;
    const lost = await lostPackets();
    const { code, verified, durations } = ota;
    console.log(JSON.stringify({ payload, code, verified, transferMs: durations.transfer, lost } satisfies Through));
  } finally {
    await resources.end();
  }
}

/** Drops packets both ways. @param which of them, in the words of nftables; all where empty */
async function lose(which: string): Promise<void> {
  await nft('add table inet loss');
  for (const [hook, card] of [
    ['input', 'iifname'],
    ['output', 'oifname'],
  ] as const) {
    await nft(`add chain inet loss ${hook} { type filter hook ${hook} priority 0; }`);
    await nft(`add rule inet loss ${hook} ${card} home ${which} counter drop`);
  }
}

/** So many were dropped by the rules that there are. */
async function lostPackets(): Promise<number> {
  const table = await nft('list table inet loss');
  return [...table.matchAll(/counter packets (\d+)/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}

async function nft(line: string): Promise<string> {
  return (await run('nft', [line])).stdout;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
