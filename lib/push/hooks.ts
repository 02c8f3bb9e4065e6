import type { Purpose } from './services';
import type { PushActivity, PushSnapshot } from './state';

/** What a push is besides its files, and who wants to know more of it than its outcome. */
export interface PushHooks {
  onActivity?(activity: PushActivity): void;
  /** Called when the device's turn is another push's, which may take days. */
  onBlocked?(): void;
  /** Called when a file's turn has come, with a way to ask from then on what is known of the push. */
  onStart?(look: () => PushSnapshot): void;
  /** The bytes that this push alone keeps in memory while it waits; none where its sender keeps them for many, and bounds how many. */
  readonly heldBytes?: number | undefined;
  /** What becomes of a file that the device has: it is pushed again, unless it is to be skipped. */
  readonly ifUnchanged?: 'push' | 'skip' | undefined;
  /** `push` unless said. */
  readonly purpose?: Purpose | undefined;
}
