/** Programs for a board: what a user writes, as short as it can be. */

/** Says its version, connects, listens for updates, prints what comes on its own topics. @param more lines before it listens */
export function program(brokerPort: number, version: number | string, more = ''): string {
  return `
import ota
from umqtt.simple import MQTTClient

print('lamp version ${version}')

def on_message(topic, message):
    print('got', topic.decode(), message.decode())

client = MQTTClient('nightlamp', '127.0.0.1', ${brokerPort})
client.set_callback(on_message)
client.connect()
client.subscribe('nightlamp/#')
${more}
ota.start(client, 'nightlamp')
print('ready')
while True:
    client.wait_msg()
`;
}
