import type { ReachProbe } from '../../lib/server/reach-probe';
import type { PortProbe } from '../../lib/transfer/port-probe';
import type { ConnectionProblem } from '../shared/connection';

/** How it stands with a broker, for people. */
export type BrokerProbe =
  /** None is chosen; Node-RED does not run it: it is not deployed yet, or disabled. */
  | { readonly state: 'none' | 'not-running' }
  /** It connects only when a message says so; or somebody answers there, and the connection is not made yet. */
  | { readonly state: 'connected' | 'off' | 'answers'; readonly at: string }
  | ({ readonly state: 'problem' } & ConnectionProblem);

/** What was tested: as typed, with the values of variables. */
export interface ProbedSettings {
  readonly ports: string;
  readonly bind: string;
  readonly allow: string;
}

/** What stands between a server as it is typed and its devices; each word of it is one that the dialog has a text for. */
export interface ServerProbe extends ReachProbe {
  readonly settings: ProbedSettings;
  readonly broker: BrokerProbe;
  readonly ports: PortProbe;
  /** For the firewall's command. */
  readonly system: 'linux' | 'windows' | 'other';
}

/**
 * Why nothing was tested: a value is wrong, or holds a variable whose value is known only where it is deployed; or another test is
 * under way.
 */
export type ProbeProblem = 'settings' | 'variable' | 'busy';
