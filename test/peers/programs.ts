/** Programs for a board: what a user writes, as short as it can be, with each form of the module and each MQTT client. */

import { describeOnEachBuild, type MicroPythonBuild, newest } from './micropython-builds';

/** How a program listens for updates. */
export interface ProgramKind {
  /** As titles of tests call it. */
  readonly label: string;
  /** What it imports of the package, without an ending. */
  readonly modules: readonly ('ota' | 'ota_async')[];
  /** The module of its MQTT client, which its boards have in their firmware. */
  readonly client: 'umqtt.simple' | 'mqtt_as';
  /** The line that listens for updates. */
  readonly start: string;
  /** The line that it repeats for ever. */
  readonly turn: string;
  /**
   * Says its version, connects, listens for updates, prints what comes on its own topics.
   *
   * @param more lines before it listens
   */
  readonly program: (brokerPort: number, version: number | string, more?: string) => string;
}

const blocking: ProgramKind = {
  label: 'ota.py',
  modules: ['ota'],
  client: 'umqtt.simple',
  start: "ota.start(client, 'nightlamp')",
  turn: 'client.wait_msg()',
  program: (brokerPort, version, more = '') => `
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
`,
};

const asynchronous = {
  modules: ['ota', 'ota_async'],
  client: 'mqtt_as',
  start: "await ota_async.start(client, 'nightlamp')",
  turn: 'await asyncio.sleep(1)',
} as const;

/** What both of mqtt_as's interfaces need. @param messages how it takes them @param settings of the client */
function tasks(brokerPort: number, version: number | string, more: string, messages: string, settings: string): string {
  return `
import asyncio
import ota_async
from mqtt_as import MQTTClient, config

print('lamp version ${version}')
${messages}
config.update({'client_id': b'nightlamp', 'server': '127.0.0.1', 'port': ${brokerPort}, ${settings}})
client = MQTTClient(config)
${more}
async def main():
    await client.connect()
    await client.subscribe('nightlamp/#')
    await ota_async.start(client, 'nightlamp')
    print('ready')
    while True:
        await asyncio.sleep(1)

asyncio.run(main())
`;
}

const withCallback: ProgramKind = {
  ...asynchronous,
  label: 'ota_async.py and a callback',
  program: (brokerPort, version, more = '') =>
    tasks(
      brokerPort,
      version,
      more,
      `
def on_message(topic, message, retained):
    print('got', topic.decode(), message.decode())
`,
      "'subs_cb': on_message",
    ),
};

const withQueue: ProgramKind = {
  ...asynchronous,
  label: 'ota_async.py and a queue',
  program: (brokerPort, version, more = '') =>
    tasks(brokerPort, version, more, '', "'queue_len': 4").replace(
      'async def main():\n',
      `
async def messages():
    async for topic, message, retained in client.queue:
        print('got', topic.decode(), message.decode())

async def main():
    reader = asyncio.create_task(messages())
`,
    ),
};

/** The program of most tests. */
export const { program } = blocking;

/** Describes the same behaviour of a board on each build, with each module. */
export function describeOnEachBoard(title: string, define: (build: MicroPythonBuild, kind: ProgramKind) => void): void {
  describeWith([blocking, withCallback], title, define);
}

/** The same besides with mqtt_as's other interface, on the newest build: they differ in two lines of the module, about messages. */
export function describeOnEachInterface(
  title: string,
  define: (build: MicroPythonBuild, kind: ProgramKind) => void,
): void {
  describeWith([blocking, withCallback, withQueue], title, define);
}

function describeWith(
  kinds: readonly ProgramKind[],
  title: string,
  define: (build: MicroPythonBuild, kind: ProgramKind) => void,
): void {
  describeOnEachBuild([], title, (build) => {
    for (const kind of kinds) {
      if (kind === withQueue && build !== newest) continue;
      describe(`with ${kind.label}`, () => define(build, kind));
    }
  });
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
