import type { Report } from '../protocol/report';
import type { HaBroker } from './broker';
import type { Release } from './release';
import type { RepeatsOptions } from './repeats';
import type { ReleaseStore } from './store';
import type { HaTopics } from './topics';

/** What devices say themselves. */
export interface HomeReports {
  lastReportOf(target: string): Report | undefined;
  watchReports(onReport: (target: string, report: Report, maybeStale: boolean) => void): () => void;
}

export interface EntitiesOptions {
  readonly topics: HaTopics;
  readonly broker: HaBroker;
  readonly reports: HomeReports;
  readonly store: ReleaseStore;
  /** Called when somebody presses Install. Where it rejects nothing is in progress. */
  readonly onInstall: (target: string, release: Release) => Promise<void>;
  readonly onChange: () => void;
  /** Called when Install was pressed and the release is not there any more. @param error undefined: nothing of it is */
  readonly onLost: (target: string, error?: Error) => void;
  /** What an entity says of itself then, in its dialog: at most 255 characters. */
  readonly lostSummary: string;
  /** Called when somebody has deleted a device in Home Assistant. */
  readonly onDeleted: (target: string) => void;
  /** How often what messages ask for is shown and kept again. */
  readonly rates?: Pick<RepeatsOptions, 'allMs' | 'oneMs'>;
  /** How long nothing may be heard of an update that is under way. */
  readonly silenceMs?: number;
  /** How long nobody may answer when Install is pressed for a device that is not ours. */
  readonly answerMs?: number;
  /** Called when something could not be kept. */
  readonly onProblem: (error: Error) => void;
}
