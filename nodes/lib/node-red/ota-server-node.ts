import type { Node } from 'node-red';
import type { Broker } from '../push/means';
import type { Sender } from '../sender/sender';
import type { Signing } from './input';

/** What an `ota-server` is to the nodes that use it. */
export interface OtaServerNode extends Node<{ secret?: string }> {
  /** Ready to push, or what is wrong with its configuration. */
  state: { readonly sender: Sender; readonly broker: Broker; readonly signing: Signing } | { readonly problem: string };
}
