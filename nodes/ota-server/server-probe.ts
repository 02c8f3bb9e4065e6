import type { NodeAPI, NodeDef } from 'node-red';
import { probeReach } from '../../lib/server/reach-probe';
import type { ListeningPorts } from '../../lib/transfer/listening-ports';
import { probePorts } from '../../lib/transfer/port-probe';
import { Ports } from '../../lib/transfer/ports';
import type { OtaServerNode } from '../shared/server-node';
import { variableProblem } from '../shared/variables';
import { probeBroker, runningBroker, sideTowards } from './broker-probe';
import type { ProbeProblem, ServerProbe } from './server-probe-answer';
import { type CheckedServerSettings, readServerSettings, type ServerSettings } from './settings';

/** A running `ota-server`. */
export interface RunningServer extends OtaServerNode {
  /** As it was started: with the values of variables. */
  settings: Partial<ServerSettings>;
}

/** What the dialog has typed. */
type Typed = Pick<ServerSettings, 'broker' | 'advertise' | 'bind' | 'ports' | 'allow'>;

const properties = ['broker', 'advertise', 'bind', 'ports', 'allow'] as const;
/** Room for a host name, and for a list of networks. */
const maxLength = 2000;

/**
 * Tests for the dialog of an `ota-server` what is typed there: `POST /ota-server/test`, which needs the permission to read flows.
 * One test at a time.
 * @param listening the ports that servers of this Node-RED listen on
 */
export function serveServerProbe(RED: NodeAPI, listening: ListeningPorts): void {
  let isUnderWay = false;

  async function answerTo(id: string, typed: Typed): Promise<ServerProbe | { problem: ProbeProblem }> {
    if (isUnderWay) return { problem: 'busy' };
    isUnderWay = true;
    try {
      const server = runningServer(RED, id);
      const filled = withVariables(typed, server?.settings, deployedAs(RED, id));
      if (!filled) return { problem: 'variable' };
      const settings = readIfRight(filled);
      return settings ? await test(RED, server, filled, settings, listening) : { problem: 'settings' };
    } finally {
      isUnderWay = false;
    }
  }

  RED.httpAdmin.post('/ota-server/test', RED.auth.needsPermission('flows.read'), (request, response, next) => {
    const question: Readonly<Record<string, unknown>> = request.body ?? {};
    const { server } = question;
    const typed = typedIn(question);
    if (typeof server !== 'string' || !typed) response.status(400).json({ problem: 'request' });
    else answerTo(server, typed).then((answer) => response.json(answer), next);
  });
}

async function test(
  RED: NodeAPI,
  server: RunningServer | undefined,
  { broker: brokerId, allow }: Typed,
  { advertise, bind, ports, portsText }: CheckedServerSettings,
  listening: ListeningPorts,
): Promise<ServerProbe> {
  const node = runningBroker(RED, brokerId);
  const state = server?.settings.broker === brokerId ? server.state : undefined;
  const known = state && 'connection' in state ? state.connection.now.problem : undefined;
  const [broker, reach, opened] = await Promise.all([
    probeBroker(node, brokerId !== '', known),
    sideTowards(node).then((brokerSide) => probeReach({ advertise, bind, brokerSide })),
    probePorts(new Ports(ports, bind, listening)),
  ]);
  const settings = { ports: portsText, bind, allow };
  return { settings, broker, ...reach, ports: opened, system: systemOf(process.platform) };
}

function runningServer(RED: NodeAPI, id: string): RunningServer | undefined {
  const node = RED.nodes.getNode(id) as RunningServer | null;
  return node?.type === 'ota-server' ? node : undefined;
}

/** The server's properties as the editor has deployed them: variables by their names. */
function deployedAs(RED: NodeAPI, id: string): Partial<ServerSettings> {
  let deployed: Partial<ServerSettings> = {};
  RED.nodes.eachNode((node: NodeDef & Partial<ServerSettings>) => {
    if (node.id === id) deployed = node;
  });
  return deployed;
}

/**
 * Puts the values of variables in, where the running server has them: else anyone who may read flows could ask for any variable.
 * Undefined where one is not known.
 */
function withVariables(
  typed: Typed,
  running: Partial<ServerSettings> = {},
  deployed: Partial<ServerSettings>,
): Typed | undefined {
  const filled = { ...typed };
  for (const property of properties) {
    if (!variableProblem(typed[property])) continue;
    const value = deployed[property] === typed[property] ? running[property] : undefined;
    if (value === undefined || variableProblem(value)) return undefined;
    filled[property] = value;
  }
  return filled;
}

function typedIn(question: Readonly<Record<string, unknown>>): Typed | undefined {
  const values = properties.map((property) => [property, question[property] ?? ''] as const);
  const areTexts = values.every(([, value]) => typeof value === 'string' && value.length <= maxLength);
  return areTexts ? (Object.fromEntries(values) as unknown as Typed) : undefined;
}

function readIfRight(settings: Typed): CheckedServerSettings | undefined {
  try {
    return readServerSettings(settings);
  } catch {
    // The dialog marks what is wrong, with the reason.
    return undefined;
  }
}

function systemOf(platform: NodeJS.Platform): ServerProbe['system'] {
  if (platform === 'linux') return 'linux';
  return platform === 'win32' ? 'windows' : 'other';
}
