import type { NodeAPI, NodeDef } from 'node-red';

/** What has become of a node in the flows that are deployed now. */
export type Presence = 'there' | 'disabled' | 'gone';

/** What the editor keeps of a node, or of a tab. */
interface Definition extends NodeDef {
  /** The node is disabled. */
  readonly d?: boolean;
  /** The tab is disabled. */
  readonly disabled?: boolean;
}

/**
 * While a node is closed the new flows are known already. Node-RED's own `removed` says less: it is true for a node that
 * was disabled, or moved out of a tab that was deleted, and false in a subflow, whatever becomes of the instance.
 */
export function presenceOf(RED: NodeAPI, nodeId: string): Presence {
  const all = new Map<string, Definition>();
  RED.nodes.eachNode((node) => all.set(node.id, node as Definition));
  const ids = idsOf(nodeId, all);
  const parts = ids.map((id) => all.get(id));
  if (parts.some((part) => part === undefined)) return 'gone';
  const isOff = parts.some((part) => part?.d === true || all.get(part?.z ?? '')?.disabled === true);
  return isOff ? 'disabled' : 'there';
}

/** A node of a subflow has the ids of the instances around it and its own, joined by `-`. */
function idsOf(nodeId: string, all: ReadonlyMap<string, Definition>): readonly string[] {
  if (all.has(nodeId)) return [nodeId];
  const [instance = '', ...inner] = nodeId.split('-');
  // Of a subflow that came as a package the flows hold the instance only.
  return all.get(instance)?.type.startsWith('subflow:') === false ? [instance] : [instance, ...inner];
}

/** The keys of the words for a config node that is not there. */
export type AbsenceKey<Kind extends string> = `no-${Kind}` | `${Kind}-disabled` | `${Kind}-deleted`;

/** Why Node-RED has not started a config node. @param kind what it is, such as `server` */
export function absenceKey<Kind extends string>(RED: NodeAPI, nodeId: string, kind: Kind): AbsenceKey<Kind> {
  if (!nodeId) return `no-${kind}`;
  return presenceOf(RED, nodeId) === 'disabled' ? `${kind}-disabled` : `${kind}-deleted`;
}
