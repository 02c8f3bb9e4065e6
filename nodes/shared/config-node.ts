import type { NodeAPI, NodeDef } from 'node-red';

/** Why a config node is not there. */
export type Absence = 'not chosen' | 'disabled' | 'deleted';

/** What the editor saves of a node and of a flow that is disabled. */
interface DisabledDef extends NodeDef {
  readonly d?: boolean;
  readonly disabled?: boolean;
}

/** Why Node-RED has not started a config node: disabled ones, and those of a disabled flow, it keeps to itself. */
export function absenceOf(RED: NodeAPI, id: string): Absence {
  if (!id) return 'not chosen';
  const known = new Map<string, DisabledDef>();
  RED.nodes.eachNode((node: DisabledDef) => known.set(node.id, node));
  const node = known.get(id);
  if (!node) return 'deleted';
  return node.d === true || known.get(node.z)?.disabled === true ? 'disabled' : 'deleted';
}
