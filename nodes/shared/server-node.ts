import type { Node, NodeAPI } from 'node-red';
import type { HaBroker } from '../../lib/home-assistant/broker';
import type { Broker } from '../../lib/push/services';
import type { PushServer } from '../../lib/server/push-server';
import { BadInput } from './bad-input';
import type { Signing } from './push-template';

/** A server that is ready to push. */
export interface ReadyServer {
  readonly pushServer: PushServer;
  readonly broker: Broker & HaBroker;
  readonly signing: Signing;
}

/** What an `ota-server` is to the nodes that use it. */
export interface OtaServerNode extends Node<{ secret?: string }> {
  /** Ready to push, or what is wrong with its configuration. */
  state: ReadyServer | { readonly problem: string };
}

/** The catalogue whose words all nodes of the package share. */
const words = 'node-red-contrib-ota-push/ota-push:ota-push';

/** The server that a node uses. @throws BadInput where none was chosen, or its configuration is wrong */
export function requireServer(RED: NodeAPI, server: OtaServerNode | null): ReadyServer {
  if (!server) throw new BadInput(RED._(`${words}.errors.no-server`));
  if ('problem' in server.state) throw new BadInput(RED._(`${words}.errors.server-problem`, server.state));
  return server.state;
}
