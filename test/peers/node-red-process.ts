import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { freePort } from './brokers';
import { Inbox } from './inbox';
import type { Runtime } from './versions';

export interface ProcessOptions {
  /** The port of its editor; any free one unless said. */
  readonly wanted?: number | undefined;
  /** Ours unless said. */
  readonly runtime?: Runtime;
  /** The command that becomes it, with the rest of its line as further arguments: in namespaces of its own. Nothing unless said. */
  readonly within?: readonly string[];
}

/** Node-RED as users start it: a process of its own on a user directory. */
export class NodeRedProcess {
  static async start(
    userDir: string,
    flows?: string,
    { wanted, runtime, within = [] }: ProcessOptions = {},
  ): Promise<NodeRedProcess> {
    const port = wanted ?? (await freePort());
    const { node, program } = runtime ?? { node: process.execPath, program: require.resolve('node-red/red.js') };
    const settings = [
      '-D',
      'logging.console.level=info',
      '-D',
      'telemetry.enabled=false',
      '-D',
      'editorTheme.tours=false',
    ];
    const args = [program, '--userDir', userDir, '--port', String(port), ...settings, ...(flows ? [flows] : [])];
    const [command = node, ...line] = [...within, node, ...args];
    const child = spawn(command, line, { stdio: ['ignore', 'pipe', 'inherit'] });
    const nodeRed = new NodeRedProcess(`http://127.0.0.1:${port}`, child);
    try {
      await nodeRed.#started();
      return nodeRed;
    } catch (error) {
      await nodeRed.kill();
      throw error;
    }
  }

  readonly log = new Inbox<string>();
  readonly #child: ChildProcess;

  private constructor(
    readonly url: string,
    child: ChildProcess,
  ) {
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}${path}`, { headers: { accept: 'application/json' } });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status}`);
    return (response.headers.get('content-type')?.includes('json') ? response.json() : response.text()) as Promise<T>;
  }

  /** The next line of its log that is like this. */
  logged(line: RegExp): Promise<string> {
    return this.log.nextThat((one) => line.test(one));
  }

  /** Ends it as a power cut does; may be called when it has ended. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it as systemd and containers do; its exit code, null where a signal has ended it. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill(signal);
      await exited;
    }
    return this.#child.exitCode;
  }

  #started(): Promise<void> {
    const lines = createInterface({ input: this.#child.stdout ?? process.stdin });
    return new Promise((resolve, reject) => {
      this.#child.once('error', (cause) =>
        reject(new Error(`Node-RED cannot be started: ${cause.message}`, { cause })),
      );
      this.#child.once('exit', (code) => reject(new Error(`Node-RED ended with ${code}:\n${this.log.all.join('\n')}`)));
      lines.on('line', (line) => {
        this.log.push(line);
        if (line.includes('Started flows')) resolve();
        // It would wait for them without end.
        if (line.includes('Waiting for missing types'))
          reject(
            new Error(
              `Node-RED has not loaded all nodes of the flow. Is the package built?\n${this.log.all.join('\n')}`,
            ),
          );
      });
    });
  }
}
