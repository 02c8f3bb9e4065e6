import { join } from 'node:path';
import type { NodeAPI, NodeDef } from 'node-red';
import { PythonChecker } from '../../lib/check/python-checker';
import { DeviceBook } from '../../lib/devices/device-book';
import { SharedBytes } from '../../lib/push/shared-bytes';
import { Counters } from '../../lib/server/counters';
import { reportsTopic } from '../../lib/server/device-reports';
import { PushServer } from '../../lib/server/push-server';
import { addressFilter } from '../../lib/transfer/address-filter';
import { ListeningPorts } from '../../lib/transfer/listening-ports';
import { Ports } from '../../lib/transfer/ports';
import { absenceKey, presenceOf } from '../shared/presence';
import { variableProblem } from '../shared/variables';
import { type MqttBrokerNode, NodeRedBroker } from './broker';
import { serveDeviceKeys } from './device-keys';
import { serveHostnames } from './hostnames';
import { type RunningServer, serveServerProbe } from './server-probe';
import { readServerSettings, type ServerSettings } from './settings';
import { parseSigning } from './signing';

function register(RED: NodeAPI): void {
  /** Of all servers of this Node-RED: a port that one has is waited for by the others. */
  const listening = new ListeningPorts();

  function OtaServer(this: RunningServer, config: NodeDef & ServerSettings): void {
    RED.nodes.createNode(this, config);
    this.settings = config;
    const brokerNode = RED.nodes.getNode(config.broker) as MqttBrokerNode | null;
    try {
      const problem = variableProblem(config.broker ?? '');
      if (problem) throw new Error(`Broker: ${problem}`);
      if (!brokerNode) throw new Error(RED._(`ota-server.errors.${absenceKey(RED, config.broker, 'broker')}`));
      const { ports, allow, keep, ...settings } = readServerSettings(config);
      const signing = parseSigning(config, this.credentials?.secret);
      const broker: NodeRedBroker = new NodeRedBroker(brokerNode, `${this.id}-sender`, {
        onForbidden: (topic, how) => {
          const warning = RED._(`ota-server.warnings.${how}`, { topic, broker: broker.name });
          const isOfReports = topic === reportsTopic(settings.topic);
          this.warn(isOfReports ? `${warning} ${RED._('ota-server.warnings.no-reports')}` : warning);
        },
        onKept: () => this.warn(RED._('ota-server.warnings.kept', { broker: broker.name })),
      });
      const folder = join(RED.settings.userDir ?? '.', 'ota-push');
      const book = new DeviceBook({
        path: join(folder, `devices-${this.id}.jsonl`),
        filesFolder: join(folder, `files-${this.id}`),
        keep,
        onDamage: (message) => this.warn(RED._('ota-server.warnings.book-damaged', { message })),
        onUnwritten: ({ message }) => this.warn(RED._('ota-server.warnings.book-unwritten', { message })),
      });
      const pushServer = new PushServer({
        ...settings,
        ports: new Ports(ports, settings.bind, listening),
        isAllowed: addressFilter(allow),
        broker,
        signing,
        book,
        counters: new Counters(join(folder, `counters-${this.id}.json`), ({ message }) =>
          this.warn(RED._('ota-server.warnings.counters', { message })),
        ),
        onUnreachable: ({ host, kind }) => this.warn(RED._(`ota-server.warnings.${kind}`, { host })),
      });
      const checker = new PythonChecker({
        onUnloadable: (reason) => this.warn(RED._('ota-server.warnings.unloadable', { reason })),
        onUnchecked: (filename, reason) => this.warn(RED._('ota-server.warnings.unchecked', { filename, reason })),
      });
      this.state = {
        pushServer,
        book,
        broker,
        connection: broker.connection,
        signing,
        checker,
        sharedBytes: new SharedBytes(),
      };
      const close = async (removed: boolean, isDeleted: boolean): Promise<void> => {
        try {
          await Promise.all([pushServer.close(), checker.close()]);
          await (isDeleted ? book.remove() : book.close());
        } finally {
          await broker.close(removed);
        }
      };
      this.on('close', (removed: boolean, done: (error?: Error) => void) => {
        const isDeleted = removed && presenceOf(RED, this.id) === 'gone';
        close(removed, isDeleted).then(() => done(), done);
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
