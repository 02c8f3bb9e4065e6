/** When a push counts as a success. */
export type Verify =
  /** `installed` for devices that report and for the signed form, `delivered` for others. */
  | { readonly level: 'auto' }
  /** The device has taken every byte. */
  | { readonly level: 'delivered' }
  /** It has reported that the file is in place. */
  | { readonly level: 'installed' }
  /** It has reported that it is back after its restart and keeps the file. */
  | { readonly level: 'running' }
  /** A fresh message has come on this topic; an empty payload stands for any but those that mean "gone". */
  | { readonly level: 'online'; readonly topic: string; readonly payload: string };

/** One file for one device. */
export interface Job {
  readonly id: string;
  /** The device's hostname. */
  readonly target: string;
  /** The file's name on the device. */
  readonly filename: string;
  /** It came in a set, be it of one. */
  readonly isOfSet: boolean;
  readonly bytes: Buffer;
  /** Of the bytes, as announced: SHA-1, or SHA-256 in the signed form (protocol 1.2). */
  readonly hash: string;
  /** The device's key for the signed form (protocol 6.1); undefined: the basic form. */
  readonly key: string | undefined;
  readonly reboot: boolean;
  /** Milliseconds without progress in one phase after which it is given up. */
  readonly timeoutMs: number;
  readonly verify: Verify;
  /** Milliseconds to wait for that, since the delivery. */
  readonly verifyTimeoutMs: number;
  /** Further attempts after a network fault, and the milliseconds before each. */
  readonly retries: number;
  readonly retryDelayMs: number;
  /** For a device that sleeps: the topic on which it speaks when it wakes, and how long to wait for that. */
  readonly wake: { readonly topic: string; readonly waitMs: number } | undefined;
}
