import { startAedes } from '../peers/brokers';
import { SimulatedDevice } from '../peers/simulated-device';
import { TestFlow } from '../peers/test-flow';

/**
 * A program of its own, to be run on a host with other networks: pushes twice and prints what was announced.
 * Usage: push-here.ts BROKER_ADDRESS SERVER_SETTINGS_AS_JSON
 */
async function main([brokerHost = '127.0.0.1', server = '{}']: readonly string[]): Promise<void> {
  const broker = await startAedes({ host: brokerHost });
  await SimulatedDevice.start({ hostname: 'nightlamp', brokerUrl: broker.url });
  const flow = await TestFlow.start({
    broker,
    server: JSON.parse(server) as Record<string, unknown>,
    push: { timeout: '2' },
  });
  const payloads: unknown[] = [];
  const hosts: unknown[] = [];
  for (let turn = 0; turn < 2; turn += 1) {
    const { payload, ota } = await flow.push({ payload: 'print("hello")', target: 'nightlamp', filename: 'main.py' });
    payloads.push(payload);
    hosts.push(ota.host);
  }
  console.log(
    JSON.stringify({ payloads, hosts, warnings: flow.logged('WARN').filter((text) => text.startsWith('ota-')) }),
  );
  process.exit(0);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
