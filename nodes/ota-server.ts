import { join } from 'node:path';
import type { NodeAPI, NodeDef } from 'node-red';
import { type MqttBrokerNode, NodeRedBroker } from './lib/node-red/broker';
import { serveDeviceKeys } from './lib/node-red/device-keys';
import type { OtaServerNode } from './lib/node-red/ota-server-node';
import { readServerSettings, type ServerSettings } from './lib/node-red/server-settings';
import { Counters } from './lib/sender/counters';
import { Sender } from './lib/sender/sender';

function register(RED: NodeAPI): void {
  function OtaServer(this: OtaServerNode, config: NodeDef & ServerSettings): void {
    RED.nodes.createNode(this, config);
    const brokerNode = RED.nodes.getNode(config.broker) as MqttBrokerNode | null;
    try {
      if (!brokerNode) throw new Error(RED._('ota-server.errors.no-broker'));
      const settings = readServerSettings(config, this.credentials?.secret);
      const broker = new NodeRedBroker(brokerNode, `${this.id}-sender`);
      const sender = new Sender({
        ...settings,
        broker,
        counters: new Counters(
          join(RED.settings.userDir ?? '.', 'ota-push', `counters-${this.id}.json`),
          ({ message }) => this.warn(RED._('ota-server.warnings.counters', { message })),
        ),
        onUnreachable: ({ host, kind }) => this.warn(RED._(`ota-server.warnings.${kind}`, { host })),
      });
      this.state = { sender, broker, signing: settings.signing };
      this.on('close', (removed: boolean, done: (error?: Error) => void) => {
        sender
          .close()
          .then(() => broker.close(removed))
          .then(() => done(), done);
      });
    } catch (error) {
      this.state = { problem: (error as Error).message };
      this.error(this.state.problem);
    }
  }

  RED.nodes.registerType<OtaServerNode, NodeDef & ServerSettings, object, { secret?: string }>(
    'ota-server',
    OtaServer,
    { credentials: { secret: { type: 'password' } } },
  );
  serveDeviceKeys(RED);
}

export = register;
