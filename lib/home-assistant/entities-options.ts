import type { FileRecord } from '../devices/record';
import type { HaBroker } from './broker';
import type { PreviousVersion } from './entity';
import type { Release } from './release';
import type { RepeatsOptions } from './repeats';
import type { ReleaseStore } from './store';
import type { HaTopics } from './topics';

/** What is known of devices: the device book. */
export interface HomeDevices {
  /** Whether files are kept at all, to go back to. */
  readonly keepsVersions: boolean;
  /** What a device has under a file name; undefined where nothing is known. */
  file(target: string, filename: string): FileRecord | undefined;
  /** Called each time that something has changed of a device, until the returned function is called. */
  watch(onChange: (target: string) => void): () => void;
}

export interface EntitiesOptions {
  readonly topics: HaTopics;
  readonly broker: HaBroker;
  readonly devices: HomeDevices;
  readonly store: ReleaseStore;
  /** Called when somebody presses Install. Where it rejects nothing is in progress. */
  readonly onInstall: (target: string, release: Release) => Promise<void>;
  /** Called when somebody presses the button that goes back. Where it rejects nothing is in progress. */
  readonly onPrevious: (target: string, previous: PreviousVersion) => Promise<void>;
  readonly onChange: () => void;
  /** Called when Install was pressed, of a device without an entity perhaps the button, and the release is gone. @param error undefined: nothing of it is there */
  readonly onLost: (target: string, error?: Error) => void;
  /** Called when the button that goes back was pressed, and the version is not there any more. */
  readonly onPreviousLost: (target: string, error: Error) => void;
  /** The name of that button, for people. */
  readonly buttonName: string;
  /** What an entity says of itself when its release is lost, in its dialog: at most 255 characters. */
  readonly lostSummary: string;
  /** Called when somebody has deleted a device in Home Assistant. */
  readonly onDeleted: (target: string) => void;
  /** How often what messages ask for is shown again. */
  readonly rates?: Pick<RepeatsOptions, 'allMs' | 'oneMs'>;
  /** How long nothing may be heard of an update that is under way. */
  readonly silenceMs?: number;
  /** How long nobody may answer when Install is pressed for a device that is not ours. */
  readonly answerMs?: number;
  /** How long the broker has to tell what it keeps, after a start. */
  readonly retainedMs?: number;
  /** Called when something could not be kept. */
  readonly onProblem: (error: Error) => void;
}
