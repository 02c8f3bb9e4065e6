import { type EventEmitter, once } from 'node:events';
import helper, { type TestFlows } from 'node-red-node-test-helper';
import type { Durations } from '../../lib/push/state';
import registerDevices from '../../nodes/ota-devices/ota-devices';
import registerHaUpdate from '../../nodes/ota-ha-update/ota-ha-update';
import registerPush from '../../nodes/ota-push/ota-push';
import registerRollout from '../../nodes/ota-rollout/ota-rollout';
import registerServer from '../../nodes/ota-server/ota-server';
import { Inbox } from './inbox';
import { Resources } from './resources';
import { temporaryFolder } from './temporary-folder';

const ourMqttNodes = '@node-red/nodes/core/network/10-mqtt.js';

const loaded = (path: string): typeof registerPush => require(path);
const coreNode = (path: string) => loaded(`@node-red/nodes/core/${path}.js`);

/** What a node shows below itself. */
export interface Status {
  readonly fill: string;
  readonly shape: string;
  readonly text: string;
}

/** A message as it came out of a flow. */
export interface Received {
  readonly payload?: unknown;
  readonly ota: Record<string, unknown> & { readonly durations: Durations };
  readonly error?: { readonly message: string; readonly code?: string };
  readonly status?: Status;
  readonly [key: string]: unknown;
}

export interface FlowSettings {
  readonly broker: { readonly port: number; readonly host?: string };
  /** Properties of the nodes that are other than the editor's defaults; of the server's, only the address is: devices are on this machine. */
  readonly server?: Record<string, unknown>;
  readonly push?: Record<string, unknown>;
  /** Given: the node is an OTA rollout, not an OTA push. */
  readonly rollout?: Record<string, unknown>;
  readonly mqtt?: Record<string, unknown>;
  /** The file of the MQTT nodes, where they are not those of the Node-RED that we have installed. */
  readonly mqttNodes?: string;
  /** The master secret of the OTA server. */
  readonly secret?: string;
  /** Where Node-RED keeps its files; a folder of the flow's own unless given, which goes with it. */
  readonly userDir?: string;
  /** The nodes whose errors and ends are listened to. */
  readonly watched?: readonly string[];
  /** More nodes of the flow. */
  readonly more?: readonly Record<string, unknown>[];
  /** Those of Node-RED's own that they are of: `network/21-httprequest`. */
  readonly coreNodes?: readonly string[];
}

type Listened = 'caught' | 'completed' | 'statuses';

/** A flow in Node-RED's own runtime: one OTA push or rollout, a listener at each output, Catch, Complete and Status nodes. */
export class TestFlow {
  /** What came out of either output, with the output's number in `output`, or was caught (0). */
  readonly ends = new Inbox<Received>();
  readonly progress = new Inbox<Received>();
  readonly caught = new Inbox<Received>();
  readonly completed = new Inbox<Received>();
  readonly statuses = new Inbox<Received>();
  /** What the listener `heard` gets, where the flow has one. */
  readonly heard = new Inbox<Received>();

  static async start(settings: FlowSettings): Promise<TestFlow> {
    const { secret, mqttNodes = ourMqttNodes, coreNodes = [] } = settings;
    const more = [loaded(mqttNodes), ...coreNodes.map(coreNode)];
    const resources = new Resources();
    try {
      const { userDir = await temporaryFolder(resources, 'test-flow') } = settings;
      helper.settings({ mqttReconnectTime: 100, userDir } as object);
      resources.defer(() => helper.unload());
      await helper.load(
        [...more, registerServer, registerPush, registerRollout, registerDevices, registerHaUpdate],
        flowOf(settings) as TestFlows,
        secret === undefined ? {} : { server: { secret } },
      );
      const flow = new TestFlow(resources);
      flow.#listen();
      return flow;
    } catch (error) {
      await resources.end();
      throw error;
    }
  }

  readonly #resources: Resources;

  private constructor(resources: Resources) {
    this.#resources = resources;
  }

  /** Sends a message into the node. */
  send(message: Record<string, unknown>): void {
    helper.getNode('push').receive(message);
  }

  /** Sends it and waits for what comes of it. */
  async push(message: Record<string, unknown>): Promise<Received> {
    this.send(message);
    return this.ends.next();
  }

  /** The next status that says this, or something like it. Words are not translated here: it tells their keys. */
  async untilStatus(text: string | RegExp): Promise<Status> {
    const isIt = (status: Status) => (typeof text === 'string' ? status.text === text : text.test(status.text));
    const { status } = await this.statuses.nextThat((message) => message.status !== undefined && isIt(message.status));
    return status as Status;
  }

  /** Resolves when the server has warned of something in these words, or keys of them. */
  async untilWarned(words: string): Promise<void> {
    const server = helper.getNode('server') as unknown as EventEmitter;
    while (!this.logged('WARN').some((line) => line.includes(words))) await once(server, 'call:warn');
  }

  node(id: string) {
    return helper.getNode(id);
  }

  /** Everything that the nodes have logged at this level. */
  logged(level: 'WARN' | 'ERROR'): string[] {
    const log = helper.log() as unknown as Record<typeof level, number> & { args: { level: number; msg: unknown }[][] };
    const entries = log.args.flatMap(([entry]) => entry ?? []);
    return entries.filter((entry) => entry.level === log[level]).map(({ msg }) => String(msg));
  }

  stop(): Promise<void> {
    return this.#resources.end();
  }

  #listen(): void {
    for (const name of ['caught', 'completed', 'statuses'] satisfies Listened[]) {
      helper.getNode(name).on('input', (message) => this[name].push(message as unknown as Received));
    }
    helper.getNode('caught').on('input', (message) => this.ends.push({ ...message, output: 0 } as unknown as Received));
    helper.getNode('heard')?.on('input', (message) => this.heard.push(message as unknown as Received));
    helper.getNode('output3').on('input', (message) => this.progress.push(message as unknown as Received));
    for (const output of [1, 2]) {
      helper.getNode(`output${output}`).on('input', (message) => {
        this.ends.push(Object.assign(message, { output }) as unknown as Received);
      });
    }
  }
}

/** What the editor would save for a node that was just dropped: what an OTA push and an OTA rollout have in common. */
const ofBoth = {
  file: 'payload',
  fileType: 'msg',
  filename: 'filename',
  filenameType: 'msg',
  reboot: 'true',
  rebootType: 'bool',
  timeout: '30',
  timeoutType: 'num',
  check: true,
  skipUnchanged: false,
  retries: '0',
  retryDelay: '5',
  verify: 'auto',
  verifyTimeout: '300',
  onlineTopic: '',
  onlinePayload: '',
  format: 'server',
  progress: false,
  outputs: 2,
};

export const pushDefaults = { target: 'target', targetType: 'msg', ...ofBoth, announceOn: '', waitHours: '24' };

export const rolloutDefaults = { targets: '', ...ofBoth, waves: '100%', pause: '0', stopAfter: '' };

export const devicesDefaults = { watch: false, outputs: 1 };

export const haUpdateDefaults = { prefix: 'homeassistant', baseTopic: 'ota-push', check: true };

export const serverDefaults = {
  advertise: '',
  bind: '',
  ports: '',
  topic: '{target}/OTA',
  allow: '',
  concurrency: '100',
  keep: '3',
  format: 'basic',
};

/** Where a node stands: those without a place in the editor count as configuration. */
export const place = { z: 'tab', x: 0, y: 0 };

/** A node that does nothing: tests listen to its input. */
export function listener(id: string): Record<string, unknown> {
  return { id, ...place, type: 'helper', wires: [] };
}

/** Nodes of a flow that listens on a topic by itself: what it hears comes to the listener `heard`. @param more properties of the first */
export function listening(topic: string, more: Record<string, unknown> = {}): Record<string, unknown>[] {
  const input = { id: 'in', ...place, type: 'mqtt in', broker: 'broker', topic, qos: '1', ...more };
  return [{ ...input, wires: [['heard']] }, listener('heard')];
}

function flowOf({ broker, server = {}, push = {}, rollout, mqtt = {}, watched = ['push'], more = [] }: FlowSettings) {
  return [
    { id: 'tab', type: 'tab', label: 'Test' },
    {
      id: 'broker',
      type: 'mqtt-broker',
      broker: broker.host ?? '127.0.0.1',
      port: String(broker.port),
      protocolVersion: '4',
      keepalive: '60',
      autoConnect: true,
      cleansession: true,
      ...mqtt,
    },
    { id: 'server', type: 'ota-server', broker: 'broker', ...serverDefaults, advertise: '127.0.0.1', ...server },
    {
      id: 'push',
      ...place,
      server: 'server',
      wires: [['output1'], ['output2'], ['output3']],
      ...(rollout
        ? { type: 'ota-rollout', ...rolloutDefaults, ...rollout }
        : { type: 'ota-push', ...pushDefaults, ...push }),
    },
    { id: 'catch', ...place, type: 'catch', scope: watched, wires: [['caught']] },
    { id: 'complete', ...place, type: 'complete', scope: watched, wires: [['completed']] },
    { id: 'status', ...place, type: 'status', scope: ['push'], wires: [['statuses']] },
    listener('output1'),
    listener('output2'),
    listener('output3'),
    listener('caught'),
    listener('completed'),
    listener('statuses'),
    ...more,
  ];
}
