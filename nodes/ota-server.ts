import type { NodeAPI, NodeDef } from 'node-red';
import { type MqttBrokerNode, NodeRedBroker } from './lib/node-red/broker';
import type { OtaServerNode } from './lib/node-red/ota-server-node';
import { readServerSettings, type ServerSettings } from './lib/node-red/server-settings';
import { Sender } from './lib/sender/sender';

function register(RED: NodeAPI): void {
  function OtaServer(this: OtaServerNode, config: NodeDef & ServerSettings): void {
    RED.nodes.createNode(this, config);
    const brokerNode = RED.nodes.getNode(config.broker) as MqttBrokerNode | null;
    try {
      if (!brokerNode) throw new Error(RED._('ota-server.errors.no-broker'));
      const settings = readServerSettings(config);
      const broker = new NodeRedBroker(brokerNode, `${this.id}-sender`);
      const sender = new Sender({
        ...settings,
        broker,
        onUnreachable: ({ host, kind }) => this.warn(RED._(`ota-server.warnings.${kind}`, { host })),
      });
      this.state = { sender, broker };
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

  RED.nodes.registerType('ota-server', OtaServer);
}

export = register;
