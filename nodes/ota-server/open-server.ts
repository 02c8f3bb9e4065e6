import type { NodeAPI, NodeDef } from 'node-red';
import { PythonChecker } from '../../lib/check/python-checker';
import { DeviceBook } from '../../lib/devices/device-book';
import { SharedBytes } from '../../lib/push/shared-bytes';
import { Counters } from '../../lib/server/counters';
import { reportsTopic } from '../../lib/server/device-reports';
import { PushServer } from '../../lib/server/push-server';
import { addressFilter } from '../../lib/transfer/address-filter';
import type { ListeningPorts } from '../../lib/transfer/listening-ports';
import { Ports } from '../../lib/transfer/ports';
import { absenceKey } from '../shared/presence';
import type { ReadyServer } from '../shared/server-node';
import { variableProblem } from '../shared/variables';
import { NodeRedBroker } from './broker';
import type { MqttBrokerNode } from './broker-node';
import { runningBroker } from './broker-probe';
import { bookPaths, countersPath } from './kept-paths';
import type { RunningServer } from './server-probe';
import { readServerSettings, type ServerSettings } from './settings';
import { parseSigning } from './signing';

/** What a server that is set up runs. */
export interface OpenServer {
  readonly state: ReadyServer;
  /** Ends all of it. @param isDeleted what it knew of devices goes with it @throws Error of the disk */
  close(removed: boolean, isDeleted: boolean): Promise<void>;
}

/** Sets a server up. @throws Error saying what is wrong with its configuration */
export function openServer(
  RED: NodeAPI,
  node: RunningServer,
  config: NodeDef & ServerSettings,
  listening: ListeningPorts,
): OpenServer {
  const brokerNode = brokerOf(RED, config);
  const { ports, allow, keep, ...settings } = readServerSettings(config);
  const signing = parseSigning(config, node.credentials?.secret);
  const broker = openBroker(RED, node, brokerNode, settings.topic);
  const book = openBook(RED, node, keep);
  const checker = openChecker(RED, node);
  const pushServer = new PushServer({
    ...settings,
    ports: new Ports(ports, settings.bind, listening),
    isAllowed: addressFilter(allow),
    broker,
    signing,
    book,
    counters: new Counters(countersPath(RED, node.id), ({ message }) =>
      node.warn(RED._('ota-server.warnings.counters', { message })),
    ),
    onUnreachable: ({ host, kind }) => node.warn(RED._(`ota-server.warnings.${kind}`, { host })),
  });
  const { connection } = broker;
  return {
    state: { pushServer, book, broker, connection, signing, checker, sharedBytes: new SharedBytes() },
    async close(removed, isDeleted) {
      try {
        await Promise.all([pushServer.close(), checker.close()]);
        await (isDeleted ? book.remove() : book.close());
      } finally {
        await broker.close(removed);
      }
    },
  };
}

/** @throws Error where there is none */
function brokerOf(RED: NodeAPI, { broker }: ServerSettings): MqttBrokerNode {
  const node = runningBroker(RED, broker);
  const problem = variableProblem(broker ?? '');
  if (problem) throw new Error(`Broker: ${problem}`);
  if (!node) throw new Error(RED._(`ota-server.errors.${absenceKey(RED, broker, 'broker')}`));
  return node;
}

function openBroker(RED: NodeAPI, node: RunningServer, brokerNode: MqttBrokerNode, topic: string): NodeRedBroker {
  const broker: NodeRedBroker = new NodeRedBroker(brokerNode, `${node.id}-sender`, {
    onForbidden: (forbidden, how) => {
      const warning = RED._(`ota-server.warnings.${how}`, { topic: forbidden, broker: broker.name });
      const isOfReports = forbidden === reportsTopic(topic);
      node.warn(isOfReports ? `${warning} ${RED._('ota-server.warnings.no-reports')}` : warning);
    },
    onKept: () => node.warn(RED._('ota-server.warnings.kept', { broker: broker.name })),
  });
  return broker;
}

function openBook(RED: NodeAPI, node: RunningServer, keep: number): DeviceBook {
  return new DeviceBook({
    ...bookPaths(RED, node.id),
    keep,
    onDamage: (message) => node.warn(RED._('ota-server.warnings.book-damaged', { message })),
    onUnwritten: ({ message }) => node.warn(RED._('ota-server.warnings.book-unwritten', { message })),
  });
}

function openChecker(RED: NodeAPI, node: RunningServer): PythonChecker {
  return new PythonChecker({
    onUnloadable: (reason) => node.warn(RED._('ota-server.warnings.unloadable', { reason })),
    onUnchecked: (filename, reason) => node.warn(RED._('ota-server.warnings.unchecked', { filename, reason })),
  });
}
