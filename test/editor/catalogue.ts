import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A catalogue: words, or branches of them. */
interface Words {
  readonly [key: string]: string | Words;
}

export const nodesFolder = resolve(__dirname, '../../dist/nodes');
/** Those of the nodes, and the languages that they have words in. */
export const types = readdirSync(nodesFolder).filter((name) => name !== 'shared');
export const languages = readdirSync(resolve(nodesFolder, 'ota-push/locales'));

/** A built file of the nodes. */
export function read(path: string): string {
  return readFileSync(resolve(nodesFolder, path), 'utf8');
}

/** By their keys, such as `ota-push.label.server`. */
export function catalogue(language: string, type: string): Record<string, string> {
  return flat(JSON.parse(read(`${type}/locales/${language}/${type}.json`)));
}

/** Of all nodes. */
export function allWords(language: string): Record<string, string> {
  return Object.assign({}, ...types.map((type) => catalogue(language, type)));
}

/** Those of the keys that there is no word for. */
export function missingIn(words: Record<string, string>, keys: readonly string[]): string[] {
  return keys.filter((key) => !words[key]);
}

/** All keys of a type, of which the compiler sees that the table has each. */
export function keysOf<Key extends string>(table: Record<Key, unknown>): Key[] {
  return Object.keys(table) as Key[];
}

function flat(words: Words, prefix = ''): Record<string, string> {
  return Object.assign(
    {},
    ...Object.entries(words).map(([key, word]) =>
      typeof word === 'string' ? { [prefix + key]: word } : flat(word, `${prefix}${key}.`),
    ),
  );
}
