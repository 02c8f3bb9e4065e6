import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { inspect } from 'node:util';

/** For everything to end in good order. */
const LIMIT_MS = 5_000;

/** What a demo has started: it ends with the demo. */
export interface Resource {
  stop(): Promise<void>;
}

/** Takes over what is just starting, and hands it on once it has started. */
export type Own = <Started extends Resource>(starting: Promise<Started>) => Promise<Started>;

/**
 * Plays a demo, then ends this process. Whether the demo ends by itself, fails, or is told to end, however often: what it
 * has started is stopped once, in reverse order, what is still starting included.
 *
 * @param demo resolves to the exit code, or to nothing where it goes on until it is told to end
 */
export async function play(demo: (own: Own) => Promise<number | undefined>): Promise<never> {
  removeFolderAtExit();
  const owned: Promise<Resource>[] = [];
  let isEnding = false;
  const own: Own = async (starting) => {
    owned.push(starting);
    const started = await starting;
    if (isEnding) throw new Error('The demo was told to end.'); // and heard by nobody: it goes no further
    return started;
  };
  const toldToEnd = whenToldToEnd();
  let code = 1;
  try {
    code = await Promise.race([toldToEnd, demo(own).then((ownCode) => ownCode ?? toldToEnd)]);
  } catch (error) {
    console.error(describe(error));
  }
  isEnding = true;
  setTimeout(() => process.exit(code), LIMIT_MS);
  for (const starting of owned.reverse()) await stop(starting);
  process.exit(code);
}

/** The process that has started this one removes its folder, unless it was killed. */
function removeFolderAtExit(): void {
  const folder = process.env.OTA_PUSH_DEMO_FOLDER;
  if (folder) process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
}

/** The exit code, as shells have it for processes that a signal has ended. */
function whenToldToEnd(): Promise<number> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => resolve(128 + constants.signals[name]));
    }
    const hangUp = () => resolve(128 + constants.signals.SIGHUP);
    process.once('disconnect', hangUp); // whoever started it has ended, or wants it to
    for (const stream of [process.stdout, process.stderr]) stream.on('error', hangUp);
  });
}

async function stop(starting: Promise<Resource>): Promise<void> {
  const started = await starting.catch(() => undefined); // the demo has had the error
  try {
    await started?.stop();
  } catch (error) {
    console.error(describe(error));
  }
}

/** One line where a person can do something about it; where it is the demo's mistake, all that is known. */
function describe(error: unknown): string {
  const isPlain = error instanceof Error && (error.constructor === Error || 'syscall' in error);
  return isPlain ? error.message.trim() : inspect(error);
}
