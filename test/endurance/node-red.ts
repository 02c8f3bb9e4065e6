import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { linkPackage } from '../../demo/link-package';
import type { TestBroker } from '../peers/brokers';
import { Inbox } from '../peers/inbox';
import { connectClient } from '../peers/mqtt-client';
import { NodeRedProcess } from '../peers/node-red-process';
import type { Resources } from '../peers/resources';
import { temporaryFolder } from '../peers/temporary-folder';
import { haUpdateDefaults, place, pushDefaults, rolloutDefaults, serverDefaults } from '../peers/test-flow';

/** The nodes that take messages. */
type Taker = 'push' | 'rollout' | 'update';

/** What a node says of a message: its end, or the error that a Catch node has got. */
interface Word {
  /** Of the message; one that was only given has 0. */
  readonly number: number;
  readonly payload: unknown;
  readonly error: { readonly message: string } | null;
  readonly ota: Readonly<Record<string, unknown>> & {
    readonly code: string | null;
    readonly message: string;
    readonly remedy: string | null;
  };
}

interface NodeRedSettings {
  readonly broker: TestBroker;
  readonly server?: Readonly<Record<string, unknown>>;
  readonly push?: Readonly<Record<string, unknown>>;
  readonly rollout?: Readonly<Record<string, unknown>>;
  /** The command that becomes Node-RED, by its user directory. */
  readonly within?: (userDir: string) => readonly string[];
}

/** Of a server that signs. */
const secret = 's'.repeat(32);

/**
 * Node-RED as users start it, with each of the nodes. It is told over MQTT what they get, and says over MQTT what comes of it: a
 * connection that is there needs nothing of the system any more.
 */
export class NodeRedAtBroker {
  static async start(resources: Resources, settings: NodeRedSettings): Promise<NodeRedAtBroker> {
    const userDir = await temporaryFolder(resources, 'ota-push-faults');
    await linkPackage(userDir);
    await writeFile(join(userDir, 'flows.json'), JSON.stringify(flowOf(settings)));
    await writeFile(join(userDir, 'flows_cred.json'), JSON.stringify({ server: { secret } }));
    await writeFile(join(userDir, 'settings.js'), 'module.exports = { credentialSecret: false };');
    const client = await connectClient(resources, settings.broker.url);
    const nodeRed = new NodeRedAtBroker(resources, userDir, client, settings);
    await client.subscribeAsync(['said/end', 'said/ready'], { qos: 1 });
    await nodeRed.restart();
    return nodeRed;
  }

  readonly #words = new Inbox<Word>();
  #process: NodeRedProcess | undefined;
  readonly #settings: NodeRedSettings;
  #asked = 0;
  readonly #ready = new Inbox<true>();

  private constructor(
    private readonly resources: Resources,
    readonly userDir: string,
    private readonly client: MqttClient,
    settings: NodeRedSettings,
  ) {
    this.#settings = settings;
    client.on('message', (topic, payload) => {
      if (topic === 'said/end') this.#words.push(JSON.parse(payload.toString()) as Word);
      else this.#ready.push(true);
    });
  }

  get process(): NodeRedProcess {
    if (!this.#process) throw new Error('Node-RED has not been started');
    return this.#process;
  }

  /** Starts it, for the first time or again on the same user directory. Resolves when it takes orders. */
  async restart(): Promise<void> {
    const { within } = this.#settings;
    const flows = join(this.userDir, 'flows.json');
    const options = within ? { within: within(this.userDir) } : {};
    this.#process = await this.resources.use(NodeRedProcess.start(this.userDir, flows, options));
    await this.#ready.next();
  }

  /** Hands a message to a node. */
  async give(to: Taker, message: object): Promise<void> {
    await this.client.publishAsync(`give/${to}`, JSON.stringify(message), { qos: 1 });
  }

  /** Hands it over. @returns what came of it */
  async ask(to: Taker, message: object): Promise<Word> {
    this.#asked += 1;
    const number = this.#asked;
    await this.give(to, { ...message, number });
    return this.#words.nextThat((word) => word.number === number);
  }

  /** What lies in the folder of the nodes, with that of their releases. */
  async files(folder = join(this.userDir, 'ota-push')): Promise<string[]> {
    const names = await readdir(folder, { recursive: true });
    return names.sort((one, other) => one.localeCompare(other));
  }
}

function flowOf({ broker, server, push, rollout }: NodeRedSettings): object[] {
  const mqtt = { ...place, broker: 'broker', qos: '1' };
  const takers: readonly Taker[] = ['push', 'rollout', 'update'];
  const functionNode = (id: string, func: string, to: string) => ({
    id,
    ...place,
    type: 'function',
    func,
    outputs: 1,
    wires: [[to]],
  });
  const ends = { wires: [['said'], ['said']] };
  return [
    { id: 'tab', type: 'tab', label: 'Faults' },
    {
      id: 'broker',
      type: 'mqtt-broker',
      broker: broker.host,
      port: String(broker.port),
      protocolVersion: '4',
      keepalive: '60',
      autoConnect: true,
      cleansession: true,
      birthTopic: 'said/ready',
      birthPayload: 'ready',
      birthQos: '0',
    },
    { id: 'server', type: 'ota-server', broker: 'broker', ...serverDefaults, advertise: '127.0.0.1', ...server },
    { id: 'push', ...place, type: 'ota-push', server: 'server', ...pushDefaults, ...push, ...ends },
    {
      id: 'rollout',
      ...place,
      type: 'ota-rollout',
      server: 'server',
      ...rolloutDefaults,
      ...rollout,
      wires: [[], ['said']],
    },
    {
      id: 'update',
      ...place,
      type: 'ota-ha-update',
      server: 'server',
      ...haUpdateDefaults,
      wires: [['push']],
    },
    { id: 'catch', ...place, type: 'catch', scope: takers, wires: [['said']] },
    { id: 'complete', ...place, type: 'complete', scope: ['update'], wires: [['said']] },
    functionNode('said', sayScript, 'out'),
    { id: 'out', ...mqtt, type: 'mqtt out', topic: 'said/end', wires: [] },
    ...takers.flatMap((to) => [
      {
        id: `in-${to}`,
        ...mqtt,
        type: 'mqtt in',
        topic: `give/${to}`,
        datatype: 'json',
        wires: [[`unpack-${to}`]],
      },
      functionNode(`unpack-${to}`, 'return msg.payload;', to),
    ]),
  ];
}

const sayScript = `
const { number = 0, payload, ota = null, error } = msg;
const told = error ? { message: error.message } : null;
return { payload: JSON.stringify({ number, payload, ota, error: told }) };
`;
