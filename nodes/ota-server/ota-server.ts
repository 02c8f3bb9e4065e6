import type { NodeAPI, NodeDef } from 'node-red';
import { ListeningPorts } from '../../lib/transfer/listening-ports';
import { presenceOf } from '../shared/presence';
import { serveDeviceKeys } from './device-keys';
import { serveHostnames } from './hostnames';
import { openServer } from './open-server';
import { type RunningServer, serveServerProbe } from './server-probe';
import type { ServerSettings } from './settings';

function register(RED: NodeAPI): void {
  /** Of all servers of this Node-RED: a port that one has is waited for by the others. */
  const listening = new ListeningPorts();

  function OtaServer(this: RunningServer, config: NodeDef & ServerSettings): void {
    RED.nodes.createNode(this, config);
    this.settings = config;
    try {
      const server = openServer(RED, this, config, listening);
      this.state = server.state;
      this.on('close', (removed: boolean, done: (error?: Error) => void) => {
        const isDeleted = removed && presenceOf(RED, this.id) === 'gone';
        server.close(removed, isDeleted).then(() => done(), done);
      });
    } catch (error) {
      this.state = { problem: (error as Error).message };
      this.error(this.state.problem);
    }
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
