/** The scripts that users import with an example flow: Node-RED compiles them when the flow starts, so that no linter sees them before. */

import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ExampleNode, exampleNames, nodesOf } from './example';
import type { Resources } from './resources';
import { runProgram } from './run-program';
import { temporaryFolder } from './temporary-folder';

export interface FlowScript {
  readonly example: string;
  /** The node's name. */
  readonly node: string;
  /** The property of the node that holds it; `format` is a page with its script. */
  readonly property: 'func' | 'initialize' | 'finalize' | 'format';
  readonly text: string;
}

/** All of them, in every example. */
export function flowScripts(): FlowScript[] {
  return exampleNames().flatMap(scriptsOf);
}

function scriptsOf(example: string): FlowScript[] {
  return nodesOf(example).flatMap((node) =>
    propertiesOf(node).flatMap((property) => {
      const text = node[property];
      return text ? [{ example, node: node.name ?? node.id, property, text: String(text) }] : [];
    }),
  );
}

function propertiesOf({ type }: ExampleNode): FlowScript['property'][] {
  if (type === 'function') return ['func', 'initialize', 'finalize'];
  return type === 'ui-template' ? ['format'] : [];
}

/** What the sandbox of a function node has besides the language. */
const sandbox = [
  ...['node', 'context', 'flow', 'global', 'env', 'RED', 'Buffer', 'URL', 'URLSearchParams', 'console', 'util'],
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'promisify'],
];

const lintSettings = {
  root: true,
  files: { includes: ['*.js'] },
  javascript: { globals: sandbox },
  linter: {
    rules: {
      preset: 'recommended',
      correctness: { noUndeclaredVariables: 'error', noUnusedVariables: 'error', noUnreachable: 'error' },
      suspicious: { noVar: 'error' },
    },
  },
};

/** Names that are browsers' or Node.js's own Biome takes for known, and it knows no forgotten `return`: TypeScript does. */
const compilerSettings = {
  compilerOptions: {
    ...{ allowJs: true, checkJs: true, noEmit: true, strict: false, noImplicitReturns: true },
    // What the oldest Node.js has.
    ...{ target: 'ES2022', lib: ['ES2022'], types: [], module: 'ESNext' },
  },
  include: ['*.js', 'sandbox.d.ts'],
  exclude: ['*.page.js'],
};

interface Fault {
  /** The script's number, and `.js`. */
  readonly file: string;
  readonly line: number;
  readonly says: string;
}

/** What Biome and TypeScript have against the scripts: `example: node, property, line: rule message`. */
export async function faultsIn(resources: Resources, scripts: readonly FlowScript[]): Promise<string[]> {
  const folder = await temporaryFolder(resources, 'flow-scripts');
  const files: Record<string, string> = {
    'biome.json': JSON.stringify(lintSettings),
    'tsconfig.json': JSON.stringify(compilerSettings),
    'sandbox.d.ts': sandbox.map((name) => `declare const ${name}: any;\n`).join(''),
  };
  for (const [index, script] of scripts.entries()) {
    files[`${index}${script.property === 'format' ? '.page' : ''}.js`] = moduleOf(script);
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const found = await Promise.all([lint(resources, folder), compile(resources, folder)]);
  return found.flat().map(({ file, line, says }) => {
    const { example, node, property } = scripts[Number.parseInt(file, 10)] as FlowScript;
    return `${example}: ${node}, ${property}, line ${Math.max(line - 1, 1)}: ${says}`;
  });
}

/** What Node-RED makes of a script, as a module, with one line before it. */
function moduleOf({ property, text }: FlowScript): string {
  if (property === 'format') {
    const [, before = '', script = ''] = /^(.*?<script>)(.*)<\/script>/s.exec(text) ?? [];
    return `\n${before.replace(/[^\n]/g, '')}${script}`;
  }
  if (property === 'finalize') return `export default function () {\n${text}\n}\n`;
  if (property === 'initialize') return `export default async function () {\n${text}\n}\n`;
  // Who sends by hand may return or not.
  const result = /\bnode\.send\(/.test(text) ? '' : '/** @returns {Promise<object | null>} */ ';
  return `${result}export default async function (msg) {\n${text}\n}\n`;
}

async function lint(resources: Resources, folder: string): Promise<Fault[]> {
  const args = [require.resolve('@biomejs/biome/bin/biome'), 'lint', '--reporter=rdjson', '--max-diagnostics=none'];
  const { diagnostics } = JSON.parse(await printed(resources, args, folder)) as {
    diagnostics: {
      code?: { value: string };
      location: { path: string; range: { start: { line: number } } };
      message: string;
    }[];
  };
  return diagnostics.map(({ code, location, message }) => ({
    file: location.path,
    line: location.range.start.line,
    says: `${code?.value} ${message}`,
  }));
}

async function compile(resources: Resources, folder: string): Promise<Fault[]> {
  const program = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  const text = await printed(resources, [program, '--pretty', 'false'], folder);
  const faults = [...text.matchAll(/^(\d+\.js)\((\d+),\d+\): error (.*)$/gm)];
  if (text && faults.length === 0) throw new Error(text);
  return faults.map(([, file = '', line, says = '']) => ({ file, line: Number(line), says }));
}

/** What a checker prints, though it ends as failed where it has found something. */
function printed(resources: Resources, args: readonly string[], cwd: string): Promise<string> {
  return runProgram(resources, process.execPath, args, { cwd }).catch((error: { stdout?: string }) => {
    if (error.stdout) return error.stdout;
    throw error;
  });
}
