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

/**
 * The same with a watchdog of 8 seconds, the most that a Pico's can be given, which it feeds itself.
 * @param feed how the module is handed it: not at all where empty
 */
export function watched(brokerPort: number, version: number, feed = ', feed=wdt.feed'): string {
  return program(brokerPort, version)
    .replace(
      "ota.start(client, 'nightlamp')",
      `import machine, time\nwdt = machine.WDT(timeout=8000)\nota.start(client, 'nightlamp'${feed})`,
    )
    .replace('client.wait_msg()', 'wdt.feed()\n    client.check_msg()\n    time.sleep_ms(20)');
}
