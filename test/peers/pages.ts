import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root';

/** What people read: the pages of this project, by their path. */
export const pages: readonly string[] = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...filesBelow('docs', /\.md$/),
];

/** What is run or tested, by its path. */
export const sources: readonly string[] = ['nodes', 'lib', 'test', 'demo', 'bench', 'examples'].flatMap((folder) =>
  filesBelow(folder, /\.(ts|js|py|html|json)$/),
);

export function isThere(path: string): boolean {
  return existsSync(join(root, path));
}

export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** What a page says below a heading of any level, up to the next one of that level or above. */
export function chapter(path: string, title: string): string {
  const lines = textOf(path).split('\n');
  const levelOf = (line: string) => /^#+(?= )/.exec(line)?.[0].length ?? Number.POSITIVE_INFINITY;
  const from = lines.findIndex((line) => line.replace(/^#+ /, '') === title && line.startsWith('#'));
  if (from < 0) throw new Error(`${path} has no heading ${title}`);
  const level = levelOf(lines[from] ?? '');
  const to = lines.findIndex((line, index) => index > from && levelOf(line) <= level);
  return lines.slice(from, to < 0 ? undefined : to).join('\n');
}

/** The rows of the table whose first heading is this one, each as its cells. */
export function table(text: string, heading: string): string[][] {
  const lines = text.split('\n').map((line) => line.trim());
  const from = lines.findIndex((line, index) => cellsOf(line)[0] === heading && /^\| -/.test(lines[index + 1] ?? ''));
  if (from < 0) throw new Error(`there is no table of ${heading}`);
  const below = lines.slice(from + 2);
  const end = below.findIndex((line) => !line.startsWith('|'));
  return below.slice(0, end < 0 ? undefined : end).map(cellsOf);
}

/** What stands in a text as `code`. */
export function codeIn(text = ''): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
}

/** The words that a type or a list in the code consists of: `type Phase = 'queued' | …`. */
export function wordsOf(name: string): string[] {
  const declaration = new RegExp(String.raw`\b(?:type|const) ${name} =([^;]*);`);
  const found = sources.flatMap((path) =>
    path.startsWith('test/') ? [] : (declaration.exec(textOf(path))?.[1] ?? []),
  );
  if (found.length !== 1) throw new Error(`${name} is declared ${found.length} times`);
  return [...(found[0] ?? '').matchAll(/'([^']+)'/g)].map(([, word = '']) => word);
}

function cellsOf(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function filesBelow(folder: string, name: RegExp): string[] {
  if (!isThere(folder)) return [];
  const all = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return all.filter((path) => name.test(path)).map((path) => join(folder, path));
}
