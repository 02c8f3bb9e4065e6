import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { Resources } from './resources';

/** A client of the test's own on a broker; it goes with the resources. */
export async function connectClient(
  resources: Resources,
  url: string,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const connecting = connectAsync(url, options, false);
  await resources.use(connecting.then((client) => ({ stop: () => client.endAsync(true) })));
  return connecting;
}
