import type { Node } from 'node-red';
import type { Broker } from '../push/means';
import type { Sender } from '../sender/sender';

/** What an `ota-server` is to the nodes that use it. */
export interface OtaServerNode extends Node {
  /** Ready to push, or what is wrong with its configuration. */
  state: { readonly sender: Sender; readonly broker: Broker } | { readonly problem: string };
}
