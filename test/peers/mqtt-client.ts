import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { Publication } from './brokers';
import { Inbox } from './inbox';
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

/** What a client hears on these topics, in order, what is retained first; each client hears for one inbox. */
export async function hear(client: MqttClient, topics: string | string[]): Promise<Inbox<Publication>> {
  const heard = new Inbox<Publication>();
  client.on('message', (topic, payload, { retain }) => heard.push({ topic, text: payload.toString(), retain }));
  await client.subscribeAsync(topics, { qos: 1 });
  return heard;
}
