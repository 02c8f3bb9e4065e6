import { hashOf } from '../../lib/protocol/announcement';
import { SimulatedFleet } from '../peers/simulated-fleet';
import { hostnameOf, kinds, perKind } from './devices';

/** What the fleet is asked: the SHA-1 of a file that a device has, `null` where it has none. */
export interface Question {
  readonly number: number;
  readonly hostname: string;
  readonly filename: string;
}

export interface Answer {
  readonly number: number;
  readonly sha1: string | null;
}

/** Devices of every kind in a process of their own, which ends with the one that started it. Usage: fleet.ts BROKER_URL */
async function main([brokerUrl = '']: readonly string[]): Promise<void> {
  const behaviours = Object.fromEntries(
    Object.entries(kinds).flatMap(([kind, { behaviour }]) =>
      Array.from({ length: perKind }, (_, number) => [hostnameOf(kind, number), behaviour] as const),
    ),
  );
  const fleet = await SimulatedFleet.start(brokerUrl, Object.keys(behaviours), behaviours);
  process.on('message', ({ number, hostname, filename }: Question) => {
    const { files } = fleet.get(hostname);
    const bytes = files.get(filename);
    files.delete(filename); // there will be thousands
    process.send?.({ number, sha1: bytes ? hashOf(bytes, 'sha1') : null } satisfies Answer);
  });
  process.once('disconnect', () => process.exit());
  process.send?.('ready');
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
