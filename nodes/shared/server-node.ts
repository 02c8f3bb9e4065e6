import type { Node, NodeAPI } from 'node-red';
import type { PythonChecker } from '../../lib/check/python-checker';
import type { DeviceBook } from '../../lib/devices/device-book';
import type { HaBroker } from '../../lib/home-assistant/broker';
import type { Signing } from '../../lib/protocol/signature';
import type { Broker } from '../../lib/push/services';
import type { SharedBytes } from '../../lib/push/shared-bytes';
import type { PushServer } from '../../lib/server/push-server';
import { BadInput } from './bad-input';
import type { WatchedConnection } from './connection';
import { absenceKey } from './presence';

/** A server that is ready to push. */
export interface ReadyServer {
  readonly pushServer: PushServer;
  readonly book: DeviceBook;
  readonly broker: Broker & HaBroker;
  readonly connection: WatchedConnection;
  readonly signing: Signing;
  readonly checker: PythonChecker;
  readonly sharedBytes: SharedBytes;
}

/** What an `ota-server` is to the nodes that use it. */
export interface OtaServerNode extends Node<{ secret?: string }> {
  /** Ready to push, or what is wrong with its configuration. */
  state: ReadyServer | { readonly problem: string };
}

/** The catalogue whose words all nodes of the package share. */
export const words = 'node-red-contrib-ota-push/ota-push:ota-push';

/** The server that was chosen, whether it is set up or not. @param id as chosen: a flow that was written by hand may name any node there */
export function serverOf(RED: NodeAPI, id: string): OtaServerNode | null {
  const node = RED.nodes.getNode(id) as OtaServerNode | null;
  return node?.type === 'ota-server' ? node : null;
}

/** The server that a node uses. @param id as chosen @throws BadInput where there is none, or its configuration is wrong */
export function requireServer(RED: NodeAPI, server: OtaServerNode | null, id: string): ReadyServer {
  if (!server) throw new BadInput(RED._(`${words}.errors.${absenceKey(RED, id, 'server')}`));
  if ('problem' in server.state) throw new BadInput(RED._(`${words}.errors.server-problem`, server.state));
  return server.state;
}
