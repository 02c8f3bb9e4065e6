import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runInNewContext } from 'node:vm';

/** What a node's html registers with the editor, as far as tests ask for it. */
export interface Definition {
  readonly defaults: Record<string, { value: string; validate?: (value: unknown, options: object) => true | string }>;
  readonly outputs?: number;
  outputLabels?(this: { _(key: string): string }, index: number): string;
  oneditprepare(): void;
}

/** Runs the script of a node's html as the editor does. @param inputs those of the open dialog, by their id */
export function definitionOf(type: string, inputs: Readonly<Record<string, { value: string }>> = {}): Definition {
  const html = readFileSync(resolve(__dirname, `../../dist/nodes/${type}/${type}.html`), 'utf8');
  const script = /<script type="text\/javascript">(.*)<\/script>/s.exec(html)?.[1] ?? '';
  const registered: Definition[] = [];
  const field = {
    typedInput: () => field,
    next: () => field,
    attr: () => field,
    on: () => field,
    val: () => '',
    toggle: () => field,
    prop: () => false,
  };
  runInNewContext(script, {
    RED: {
      nodes: { registerType: (_type: string, definition: Definition) => registered.push(definition) },
      _: (key: string) => key,
      utils: { validateTypedProperty: () => true },
    },
    document: { getElementById: (id: string) => inputs[id] },
    $: () => field,
    URL,
  });
  const [definition] = registered;
  if (!definition) throw new Error(`${type}.html registers nothing`);
  return definition;
}
