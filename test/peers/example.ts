import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { linkPackage } from '../../demo/link-package';
import type { TestBroker } from './brokers';
import { NodeRedProcess } from './node-red-process';
import { Resources } from './resources';
import { root } from './root';
import { temporaryFolder } from './temporary-folder';

export interface ExampleNode {
  readonly id: string;
  readonly type: string;
  readonly name?: string;
  readonly [property: string]: unknown;
}

/** What the user changes in a node, as the comment of the example tells. */
export type Changes = (node: ExampleNode, userDir: string) => object;

/** What is changed of the flows at a deploy. */
export type FlowChange = (flows: ExampleNode[]) => ExampleNode[];

/** What a deploy stops and starts, as the editor has it. */
export type DeployKind = 'full' | 'nodes' | 'flows';

/** What an example finds. */
export interface Surroundings {
  /** Packages that Node-RED has besides this one. */
  readonly packages?: readonly string[];
  /** Texts that lie in its user directory. */
  readonly files?: Readonly<Record<string, string>>;
  /** The port of its editor; 0 is any. */
  readonly port?: number;
}

/** All examples, as paths below their folder without the end. */
export function exampleNames(): string[] {
  const files = readdirSync(join(root, 'examples'), { recursive: true, encoding: 'utf8' });
  return files.filter((path) => path.endsWith('.json')).map((path) => path.replace(/\.json$/, ''));
}

export function nodesOf(example: string): ExampleNode[] {
  return JSON.parse(readFileSync(join(root, 'examples', `${example}.json`), 'utf8'));
}

/** An example as a user imports it: the broker, the address and the devices set, then deployed in Node-RED. */
export class Example {
  static async deploy(
    name: string,
    broker: TestBroker,
    changes: Changes,
    { packages = [], files = {}, port = 0 }: Surroundings = {},
  ): Promise<Example> {
    const resources = new Resources();
    try {
      return await Example.#deployIn(resources, name, broker, changes, { packages, files, port });
    } catch (error) {
      await resources.end();
      throw error;
    }
  }

  static async #deployIn(
    resources: Resources,
    name: string,
    broker: TestBroker,
    changes: Changes,
    { packages, files, port }: Required<Surroundings>,
  ): Promise<Example> {
    const userDir = await temporaryFolder(resources, 'ota-push-example');
    const modules = await linkPackage(userDir);
    for (const installed of packages) {
      await mkdir(resolve(modules, installed, '..'), { recursive: true });
      await symlink(join(root, 'node_modules', installed), join(modules, installed));
    }
    for (const [file, text] of Object.entries(files)) {
      await mkdir(resolve(userDir, file, '..'), { recursive: true });
      await writeFile(join(userDir, file), text);
    }
    const nodes = nodesOf(name);
    const place = (node: ExampleNode) => ({ ...node, ...atBroker(node, broker), ...changes(node, userDir) });
    const flows = join(userDir, 'flows.json');
    await writeFile(flows, JSON.stringify([...nodes.map(place), ...statusLog(nodes)]));
    const nodeRed = await NodeRedProcess.start(userDir, flows, { wanted: port || undefined });
    return new Example(userDir, nodes, nodeRed, resources);
  }

  private constructor(
    readonly userDir: string,
    readonly nodes: readonly ExampleNode[],
    public nodeRed: NodeRedProcess,
    private readonly resources: Resources,
  ) {}

  /** The one node of this type, or the one of this name among them. */
  node(type: string, name?: string): ExampleNode {
    const [node, ...others] = this.nodes.filter((one) => one.type === type && (!name || one.name === name));
    if (!node || others.length > 0) throw new Error(`there is not one ${type} ${name ?? ''}`);
    return node;
  }

  /** Presses the button of an inject node. */
  async press(name?: string): Promise<void> {
    const response = await fetch(`${this.nodeRed.url}/inject/${this.node('inject', name).id}`, { method: 'POST' });
    if (!response.ok) throw new Error(`the button answered ${response.status}`);
  }

  /** Writes the file that the flow sends. */
  async save(file: string, text: string): Promise<void> {
    await writeFile(join(this.userDir, file), text);
  }

  /** Deploys the same flows again: all nodes are stopped and started. Resolves when they are at the broker again, or log another line. */
  redeploy(until = /Connected to broker/): Promise<void> {
    return this.deployed((flows) => flows, 'full', until);
  }

  /** Deploys the flows after a change. Resolves when they run again, or log another line. @param kind of the deploy, as for `change` */
  async deployed(change: FlowChange, kind?: DeployKind, until = /Started (modified )?(flows|nodes)/): Promise<void> {
    this.nodeRed.log.skip();
    const said = this.nodeRed.logged(until);
    await this.change(change, kind);
    await said;
  }

  /** Deploys the flows after a change. Resolves when what is stopped has stopped. */
  async change(change: FlowChange, kind: DeployKind = 'full'): Promise<void> {
    const flows = JSON.parse(await readFile(join(this.userDir, 'flows.json'), 'utf8')) as ExampleNode[];
    const response = await fetch(`${this.nodeRed.url}/flows`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'Node-RED-Deployment-Type': kind },
      body: JSON.stringify(change(flows)),
    });
    if (!response.ok) throw new Error(`the deploy answered ${response.status}`);
  }

  /** Starts Node-RED anew where it was, on the same user directory; ends it before, where it runs. */
  async restart(): Promise<void> {
    await this.nodeRed.stop();
    const wanted = Number(new URL(this.nodeRed.url).port);
    this.nodeRed = await NodeRedProcess.start(this.userDir, join(this.userDir, 'flows.json'), { wanted });
  }

  async stop(): Promise<void> {
    await this.nodeRed.stop();
    await this.resources.end();
  }
}

/** Writes the status of each node that waits for something into Node-RED's log, where a test can wait for it. */
function statusLog(nodes: readonly ExampleNode[]): ExampleNode[] {
  const scope = nodes.filter(({ type }) => /^(ota-(push|rollout)|server-events)$/.test(type)).map(({ id }) => id);
  const place = { z: nodes.find(({ type }) => type === 'tab')?.id, x: 0, y: 0 };
  const log = { active: true, tosidebar: false, console: true, complete: 'status.text', targetType: 'msg', wires: [] };
  return [
    { id: 'statuses', type: 'status', ...place, scope, wires: [['statusLog']] },
    { id: 'statusLog', type: 'debug', name: 'status', ...place, ...log },
  ];
}

function atBroker({ type }: ExampleNode, { host, port }: TestBroker): object {
  if (type === 'mqtt-broker') return { broker: host, port: String(port) };
  return type === 'ota-server' ? { advertise: '127.0.0.1' } : {};
}

/** Sets properties that an inject node sends; a file is looked for in the user directory. */
export function injecting(values: Readonly<Record<string, unknown>>): Changes {
  return ({ type, props }, userDir) => {
    if (type !== 'inject') return {};
    return {
      props: (props as { p: string }[]).map((prop) => {
        const value = values[prop.p];
        if (value === undefined) return prop;
        if (prop.p === 'filename') return { ...prop, v: join(userDir, String(value)) };
        return { ...prop, v: typeof value === 'string' ? value : JSON.stringify(value) };
      }),
    };
  };
}

/** All of these. */
export function changing(...all: readonly Changes[]): Changes {
  return (node, userDir) => Object.assign({}, ...all.map((changes) => changes(node, userDir)));
}

/** Sets properties of the nodes of a type. */
export function setting(type: string, properties: object): Changes {
  return (node) => (node.type === type ? properties : {});
}

/** The function nodes in which users set the folder of their files. */
const namingFolder = ['only from this folder', 'what the page asks for'];

/** Files are sent from the user directory, where the flow names a folder of its own. */
export const inOwnFolder: Changes = ({ type, name = '', func }, userDir) =>
  type === 'function' && namingFolder.includes(name) ? { func: String(func).replace('/data/lamps', userDir) } : {};
