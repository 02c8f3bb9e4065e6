import { startAedes } from '../peers/brokers';
import { Resources } from '../peers/resources';
import { SimulatedDevice } from '../peers/simulated-device';
import { TestFlow } from '../peers/test-flow';

/**
 * A program of its own, to be run on a host with other networks: pushes twice and prints what was announced.
 * Usage: push-here.ts BROKER_ADDRESS SERVER_SETTINGS_AS_JSON
 */
async function main([brokerHost = '127.0.0.1', server = '{}']: readonly string[]): Promise<void> {
  const resources = new Resources();
  try {
    const broker = await resources.use(startAedes({ host: brokerHost }));
    await resources.use(SimulatedDevice.start({ hostname: 'nightlamp', brokerUrl: broker.url }));
    const flow = await resources.use(
      TestFlow.start({ broker, server: JSON.parse(server) as Record<string, unknown>, push: { timeout: '20' } }),
    );
    console.log(JSON.stringify(await pushTwice(flow)));
  } finally {
    await resources.end();
  }
}

async function pushTwice(flow: TestFlow): Promise<object> {
  const payloads: unknown[] = [];
  const hosts: unknown[] = [];
  for (let turn = 0; turn < 2; turn += 1) {
    const { payload, ota } = await flow.push({ payload: 'print("hello")', target: 'nightlamp', filename: 'main.py' });
    payloads.push(payload);
    hosts.push(ota.host);
  }
  return { payloads, hosts, warnings: flow.logged('WARN').filter((text) => text.startsWith('ota-')) };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
