import type { NodeAPI, NodeDef } from 'node-red';
import { removeBook } from '../../lib/devices/book-store';
import { ListeningPorts } from '../../lib/transfer/listening-ports';
import { presenceOf } from '../shared/presence';
import { serveDeviceKeys } from './device-keys';
import { serveHostnames } from './hostnames';
import { bookPaths } from './kept-paths';
import { type OpenServer, openServer } from './open-server';
import { type RunningServer, serveServerProbe } from './server-probe';
import type { ServerSettings } from './settings';

function register(RED: NodeAPI): void {
  /** Of all servers of this Node-RED: a port that one has is waited for by the others. */
  const listening = new ListeningPorts();

  function OtaServer(this: RunningServer, config: NodeDef & ServerSettings): void {
    RED.nodes.createNode(this, config);
    this.settings = config;
    // Where it can't be set up, what it knew of devices before goes with it all the same: files of boards may hold passwords.
    let close: OpenServer['close'] = async (_removed, isDeleted) => {
      if (isDeleted) await removeBook(bookPaths(RED, this.id));
    };
    try {
      const server = openServer(RED, this, config, listening);
      this.state = server.state;
      close = server.close;
    } catch (error) {
      this.state = { problem: (error as Error).message };
      this.error(this.state.problem);
    }
    this.on('close', (removed: boolean, done: (error?: Error) => void) => {
      const isDeleted = removed && presenceOf(RED, this.id) === 'gone';
      close(removed, isDeleted).then(() => done(), done);
    });
  }

  RED.nodes.registerType<RunningServer, NodeDef & ServerSettings, object, { secret?: string }>(
    'ota-server',
    OtaServer,
    { credentials: { secret: { type: 'password' } } },
  );
  serveDeviceKeys(RED);
  serveHostnames(RED);
  serveServerProbe(RED, listening);
}

export = register;
