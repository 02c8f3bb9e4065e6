import { type EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import RED from 'node-red';

type FlowNode = Record<string, unknown> & { readonly id: string };

/** A whole Node-RED with this package in it, its editor included, in a user directory of its own. */
export class NodeRed {
  static async start(flow: readonly FlowNode[]): Promise<NodeRed> {
    const userDir = await mkdtemp(join(tmpdir(), 'ota-push-demo-'));
    await mkdir(join(userDir, 'node_modules'));
    await symlink(resolve(__dirname, '..'), join(userDir, 'node_modules', 'node-red-contrib-ota-push'), 'junction');
    await writeFile(join(userDir, 'flows.json'), JSON.stringify(flow));
    const admin = (request: IncomingMessage, response: ServerResponse) => RED.httpAdmin(request, response);
    const server = createServer(admin);
    RED.init(server, {
      userDir,
      flowFile: 'flows.json',
      httpAdminRoot: '/',
      httpNodeRoot: false,
      credentialSecret: false,
      telemetry: { enabled: false, updateNotification: false },
      editorTheme: { tours: false },
      logging: { console: { level: 'error', metrics: false, audit: false } },
    } as unknown as Parameters<typeof RED.init>[1]);
    const started = new Promise<void>((settle) => RED.events.once('flows:started', () => settle()));
    await RED.start();
    await started;
    server.listen(await editorPort(), '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new NodeRed(`http://127.0.0.1:${port}`, userDir, () => server.closeAllConnections());
  }

  private constructor(
    readonly url: string,
    readonly userDir: string,
    readonly hangUp: () => void,
  ) {}

  /** A node of the running flow. */
  node(id: string) {
    return (RED.nodes as unknown as { getNode(id: string): EventEmitter & { receive(): void } }).getNode(id);
  }

  async stop(): Promise<void> {
    await RED.stop();
    this.hangUp();
    await rm(this.userDir, { recursive: true });
  }
}

/** Node-RED's usual port where it is free, else any. */
async function editorPort(): Promise<number> {
  const probe = createTcpServer();
  const isFree = await new Promise<boolean>((settle) => {
    probe.once('error', () => settle(false));
    probe.listen(1880, '127.0.0.1', () => settle(true));
  });
  if (!isFree) return 0;
  probe.close();
  await once(probe, 'close');
  return 1880;
}
