import assert from 'node:assert/strict';
import { type ExampleNode, exampleNames, nodesOf } from '../peers/example';

describe('An error in an example flow', () => {
  for (const example of exampleNames()) {
    it(`never comes back to the node that it is from: "${example}"`, () => {
      const nodes = nodesOf(example).filter(({ wires }) => wires);
      for (const node of nodes.filter(({ type }) => type === 'catch')) {
        const scope = node.scope as string[] | null;
        const again = nodesBehind(node, nodes).filter(
          ({ id, type }) => type !== 'debug' && (scope?.includes(id) ?? true),
        );
        assert.deepEqual(
          again.map(({ id, type, name }) => `${type} ${name || id}`),
          [],
          `what "${node.name}" catches`,
        );
      }
    });
  }
});

/** All that a message from this node may come to by itself, by wires and links: what a page sends is a person's. */
function nodesBehind(node: ExampleNode, nodes: readonly ExampleNode[]): ExampleNode[] {
  const behind = new Set<ExampleNode>([node]);
  // What is added on the way is looked at too.
  for (const { type, wires, links } of behind) {
    if (type === 'ui-template') continue;
    const next = [...(wires as string[][]).flat(), ...(type === 'link out' ? (links as string[]) : [])];
    for (const one of nodes) if (next.includes(one.id)) behind.add(one);
  }
  behind.delete(node);
  return [...behind];
}
