import { setTimeout } from 'node:timers/promises';

/** What starts longer than that after its test has ended never will: the run ends what it has left, see run.ts. */
const lateStartMs = 5000;

/** What a test has started and somebody has to stop: a broker, a device, a flow, a browser. */
export type Resource = { stop(): unknown } | { close(): unknown };

/** All that tests have started, ended in reverse order whatever fails: the test itself, its set-up, or one of the ends. */
export class Resources {
  readonly #ends: (() => unknown)[] = [];

  /** Takes over what was started, or is just starting: what starts too late for its test is stopped as well. */
  async use<T extends Resource>(starting: T | Promise<T>): Promise<T> {
    this.defer(async () => {
      const settled = Promise.resolve(starting).catch(() => undefined); // its test has had the error
      const started = await Promise.race([settled, setTimeout(lateStartMs, undefined, { ref: false })]);
      await (started && ('stop' in started ? started.stop() : started.close()));
    });
    return starting;
  }

  /** Does this at the end too, before what was deferred earlier. */
  defer(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** Ends them all. @throws the first error of an end, once all were tried */
  async end(): Promise<void> {
    const errors: unknown[] = [];
    for (const end of this.#ends.splice(0).reverse()) {
      try {
        await end();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

/** What each test of this `describe`, or its `beforeEach`, starts; it ends after the test. */
export function resourcesOfEachTest(): Resources {
  const resources = new Resources();
  afterEach(() => resources.end());
  return resources;
}

/** What the `before` of this `describe` starts; it ends after the last test. */
export function resourcesOfSuite(): Resources {
  const resources = new Resources();
  after(() => resources.end());
  return resources;
}
