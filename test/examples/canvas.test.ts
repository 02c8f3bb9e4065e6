import assert from 'node:assert/strict';
import { type ExampleNode, exampleNames, nodesOf } from '../peers/example';

/** What fits into the sidebar without scrolling far. */
const readMeCharacters = 900;

/** What a debug node shows of a push: all that a person wants to know, in one line. */
const onePush = 'ota.target & ": " & payload & ". " & ota.message & (ota.remedy ? " " & ota.remedy)';

describe('The example flows', () => {
  it('share no id, so that the second one that is imported asks nothing', () => {
    const owners = new Map<string, string>();
    for (const example of exampleNames()) {
      for (const { id } of nodesOf(example)) {
        assert.equal(owners.get(id), undefined, `${id} of ${example}`);
        owners.set(id, example);
      }
    }
  });

  for (const example of exampleNames()) {
    const nodes = nodesOf(example);

    it(`begin with a Read me that is short enough for the sidebar: "${example}"`, () => {
      const [readMe] = nodes.filter(({ type, name = '' }) => type === 'comment' && name.startsWith('Read me'));
      const { length } = String(readMe?.info ?? '');
      assert.ok(length > 0 && length <= readMeCharacters, `${length} characters`);
    });

    it(`tell of each push in one line of the debug sidebar: "${example}"`, () => {
      for (const node of nodes.filter(({ type }) => type === 'debug')) {
        if (nodes.some((source) => givesOutcomesTo(source, node)))
          assert.deepEqual([node.complete, node.targetType], [onePush, 'jsonata']);
        else assert.notEqual(node.complete, 'true', `${node.name} shows an object`);
      }
    });
  }
});

/** Whether this is a push's end, or that of a rollout's device, wired to the debug node. */
function givesOutcomesTo({ type, wires = [] }: ExampleNode, { id }: ExampleNode): boolean {
  const outputs = wires as string[][];
  if (type === 'ota-push') return outputs.slice(0, 2).flat().includes(id);
  return type === 'ota-rollout' && (outputs[0] ?? []).includes(id);
}
