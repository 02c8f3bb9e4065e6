import { once } from 'node:events';
import { startAedes } from '../peers/brokers';
import { Resources } from '../peers/resources';
import { type Behaviour, SimulatedDevice } from '../peers/simulated-device';

/**
 * A broker or a device in another namespace than the pushes: a program of its own, which ends with its standard input.
 * It prints the broker's port, or that the device listens. Usage: peer-here.ts broker ADDRESS | device BROKER_URL [BEHAVIOUR_AS_JSON]
 */
async function main([what, where = '', behaviour = '{}']: readonly string[]): Promise<void> {
  const resources = new Resources();
  try {
    if (what === 'broker') {
      console.log((await resources.use(startAedes({ host: where }))).port);
    } else {
      await resources.use(SimulatedDevice.start({ brokerUrl: where, ...(JSON.parse(behaviour) as Behaviour) }));
      console.log('listening');
    }
    await once(process.stdin.resume(), 'end');
  } finally {
    await resources.end();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
