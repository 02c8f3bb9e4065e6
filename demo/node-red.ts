import { type EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import RED from 'node-red';
import { linkPackage } from './link-package';

type FlowNode = Record<string, unknown> & { readonly id: string };

/** What is known of a node of a running flow, outside of it. */
type RunningNode = EventEmitter & { receive(): void };

/** What Node-RED says of its flows to its editors. */
interface RuntimeEvent {
  readonly id: string;
  readonly payload?: { readonly error?: string; readonly types?: readonly string[] };
}

/** Node-RED's usual port. */
const PORT = 1880;

/** For Node-RED to start a flow: half a minute is usual for the smallest computers that it runs on. */
const START_LIMIT_S = 120;

/** A whole Node-RED with this package in it, its editor included, in a user directory of its own. */
export class NodeRed {
  /** @throws Error where it has not started the flow, and why */
  static async start(flow: readonly FlowNode[]): Promise<NodeRed> {
    const userDir = await mkdtemp(join(tmpdir(), 'ota-push-demo-'));
    const server = createServer((request: IncomingMessage, response: ServerResponse) =>
      RED.httpAdmin(request, response),
    );
    const nodeRed = new NodeRed(userDir, server);
    try {
      await linkPackage(userDir);
      await writeFile(join(userDir, 'flows.json'), JSON.stringify(flow));
      await nodeRed.#start();
      return nodeRed;
    } catch (error) {
      await nodeRed.stop();
      throw error;
    }
  }

  /** Where it keeps its files. */
  readonly userDir: string;
  readonly #server: Server;
  #isInitialized = false;

  private constructor(userDir: string, server: Server) {
    this.userDir = userDir;
    this.#server = server;
  }

  /** Where its editor is. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A node of the running flow. */
  node(id: string): RunningNode {
    return (RED.nodes as unknown as { getNode(id: string): RunningNode }).getNode(id);
  }

  /** Tells of each message that comes into one of these nodes, however often they are deployed anew. */
  onInput<Message>(ids: readonly string[], listener: (message: Message) => void): void {
    const attach = () => {
      for (const node of ids.map((id) => this.node(id) as RunningNode | null)) {
        if (node && !node.listeners('input').includes(listener)) node.on('input', listener);
      }
    };
    attach();
    RED.events.on('flows:started', attach);
  }

  async stop(): Promise<void> {
    try {
      if (this.#isInitialized) await RED.stop();
    } finally {
      this.#server.close();
      this.#server.closeAllConnections();
      await rm(this.userDir, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  async #start(): Promise<void> {
    RED.init(this.#server, {
      userDir: this.userDir,
      flowFile: 'flows.json',
      httpAdminRoot: '/',
      httpNodeRoot: false,
      credentialSecret: false,
      telemetry: { enabled: false, updateNotification: false },
      editorTheme: { tours: false },
      logging: { console: { level: 'error', metrics: false, audit: false } },
    } as unknown as Parameters<typeof RED.init>[1]);
    this.#isInitialized = true;
    await Promise.all([whenFlowStarted(), RED.start()]);
    await listen(this.#server);
  }
}

/** Resolves when the flow runs. @throws Error where it will not, or has not in time */
async function whenFlowStarted(): Promise<void> {
  const within = new AbortController();
  const { signal } = within;
  const limit = setTimeout(
    () => within.abort(new Error(`Node-RED has not started the flow within ${START_LIMIT_S} s.`)),
    START_LIMIT_S * 1000,
  );
  const onEvent = ({ payload }: RuntimeEvent) => {
    if (payload?.error) within.abort(new Error(reasonOf(payload)));
  };
  RED.events.on('runtime-event', onEvent);
  try {
    await once(RED.events, 'flows:started', { signal });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    clearTimeout(limit);
    RED.events.off('runtime-event', onEvent);
  }
}

/** Why the flow does not start, with what nodes have thrown while they were loaded. */
function reasonOf({ error, types = [] }: NonNullable<RuntimeEvent['payload']>): string {
  const nodes = RED.nodes as unknown as { getNodeList(filter: (set: NodeSet) => boolean): NodeSet[] };
  const errors = nodes.getNodeList(({ err }) => Boolean(err)).map(({ id, err }) => `${id}: ${err}`);
  return [`Node-RED does not start the flow (${error})`, types.join(', '), ...errors].filter(Boolean).join('. ');
}

interface NodeSet {
  readonly id: string;
  readonly err?: Error;
}

/** Listens on Node-RED's usual port where it is free, else on any. */
async function listen(server: Server): Promise<void> {
  try {
    await once(server.listen(PORT, '127.0.0.1'), 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    await once(server.listen(0, '127.0.0.1'), 'listening');
  }
}
