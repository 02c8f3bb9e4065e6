import type { Node } from 'node-red';
import type { Report } from '../../lib/protocol/report';
import type { DeliveryHistory } from '../../lib/push/file-set';
import type { Job } from '../../lib/push/job';
import type { Outcome } from '../../lib/push/outcome';
import type { Verified } from '../../lib/push/state';

interface Success {
  readonly hash: string;
  readonly verified: Verified;
}

/** In the node's context, so that a persistent context store keeps it over restarts. */
const contextKey = 'pushed';

/** So many are remembered, some 15 MB: names come with messages. What is forgotten is pushed once more. */
const maxSuccesses = 50_000;
const recordsPerCount = 1000;

/** The last success for each device and file: what has the same bytes need not be pushed again. */
export class ContextDeliveryHistory implements DeliveryHistory {
  readonly #node: Node;
  readonly #context: ReturnType<Node['context']>;
  #successes: Promise<Record<string, Success>> | undefined;
  #records = 0;

  constructor(node: Node) {
    this.#node = node;
    this.#context = node.context();
  }

  async unchanged({ target, filename, hash }: Job, last: Report | undefined): Promise<Verified | undefined> {
    this.#successes ??= this.#read();
    const success = (await this.#successes)[keyOf(target, filename)];
    if (success?.hash !== hash) return undefined;
    // A device that reports has had its say: what was only delivered may have been refused.
    if (last && (success.verified === 'delivered' || contradicts(last, filename, hash))) return undefined;
    return success.verified;
  }

  /** A set is remembered as a whole or not at all: before its last file the device was not restarted. */
  async record(outcomes: readonly Outcome[]): Promise<void> {
    this.#successes ??= this.#read();
    const successes = await this.#successes;
    const announced = outcomes.filter(({ result, port }) => result !== 'unchanged' && port !== null);
    if (announced.length === 0) return;
    const isSuccess = outcomes.every(({ code }) => code === null);
    for (const { target, filename, hash, verified } of announced) {
      const key = keyOf(target, filename);
      // The newest at the end.
      delete successes[key];
      if (isSuccess && verified) successes[key] = { hash, verified };
    }
    // Counting them takes a millisecond.
    if (this.#records % recordsPerCount === 0) forgetOldest(successes);
    this.#records += 1;
    await new Promise<void>((resolve) => {
      this.#context.set(contextKey, successes, (error?: Error) => resolve(this.#warnOf(error)));
    });
  }

  #read(): Promise<Record<string, Success>> {
    return new Promise((resolve) => {
      this.#context.get(contextKey, (error: Error | null, value: unknown) => {
        this.#warnOf(error);
        resolve(typeof value === 'object' && value ? (value as Record<string, Success>) : {});
      });
    });
  }

  /** A store that fails must not cost a push its end. */
  #warnOf(error: Error | null | undefined): void {
    if (error) this.#node.warn(error);
  }
}

function keyOf(target: string, filename: string): string {
  return `${target}/${filename}`;
}

/** Whether the device's last report tells of another state than this file installed; a set goes back as one. */
function contradicts({ state, file, hash }: Report, filename: string, pushed: string): boolean {
  if (state === 'rolled_back') return true;
  return file === filename && (state === 'failed' || hash !== pushed);
}

function forgetOldest(successes: Record<string, Success>): void {
  const keys = Object.keys(successes);
  if (keys.length <= maxSuccesses) return;
  for (const key of keys.slice(0, keys.length - maxSuccesses)) delete successes[key];
}
