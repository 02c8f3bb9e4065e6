import type { Device, PushUnderWay } from './device';
import type { BookChange, DeviceBook } from './device-book';

/** What has changed of a device: as the book tells it, or how far the push under way is. */
export type DeviceChange = BookChange | 'progress';

/** Called with what is known of the device now; undefined where it was forgotten. */
export type OnDeviceChange = (target: string, change: DeviceChange, device: Device | undefined) => void;

const everyMs = 1000;
/** So many devices in that time: whoever may publish reports can invent thousands, and each takes its turn. */
const mostAtOnce = 500;

/** Of two changes that come close together the one that says more is told. */
const ranks: Record<DeviceChange, number> = { progress: 0, seen: 1, rolled_back: 2, result: 3, forgotten: 3 };

/**
 * Tells what changes in a device book: each result at once; what devices say, and how far pushes are, once a second for each
 * device at most.
 */
export class DeviceChanges {
  readonly #book: DeviceBook;
  readonly #tell: OnDeviceChange;
  /** What is to be told of which device, the one that has waited longest first. */
  readonly #waiting = new Map<string, DeviceChange>();
  /** How far pushes were when that was told. */
  readonly #told = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;
  readonly #stopWatching: () => void;

  constructor(book: DeviceBook, tell: OnDeviceChange) {
    this.#book = book;
    this.#tell = tell;
    this.#stopWatching = book.watch((target, change) => this.#note(target, change));
    this.#timer = setInterval(() => this.#tellWaiting(), everyMs);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#stopWatching();
  }

  #note(target: string, change: DeviceChange): void {
    if (change === 'result' || change === 'forgotten') {
      this.#waiting.delete(target);
      this.#told.delete(target);
      this.#tell(target, change, this.#book.device(target));
      return;
    }
    const before = this.#waiting.get(target);
    if (!before || ranks[change] > ranks[before]) this.#waiting.set(target, change);
  }

  #tellWaiting(): void {
    const underWay = new Map(this.#book.underWay());
    for (const [target, push] of underWay) {
      if (this.#told.get(target) !== asText(push)) this.#note(target, 'progress');
    }
    // Pushes that were cancelled before they had begun have no result.
    for (const target of this.#told.keys()) {
      if (underWay.has(target)) continue;
      this.#told.delete(target);
      this.#note(target, 'progress');
    }
    this.#dropForgotten();
    for (const [target, change] of [...this.#waiting].slice(0, mostAtOnce)) {
      this.#waiting.delete(target);
      const device = this.#book.device(target);
      if (device?.push) this.#told.set(target, asText(device.push));
      this.#tell(target, device ? change : 'forgotten', device);
    }
  }

  /** Whoever invents devices faster than they are told of fills the book, which forgets the oldest: then those must not wait here. */
  #dropForgotten(): void {
    for (const [target, change] of this.#waiting) {
      if (change !== 'progress' && !this.#book.knows(target)) this.#waiting.delete(target);
    }
  }
}

function asText({ id, filename, phase, percent }: PushUnderWay): string {
  return `${id} ${filename} ${phase} ${percent}`;
}
