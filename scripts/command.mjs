import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { whenAbandoned } from './abandoned.mjs';

/**
 * Runs a command that has a temporary folder, then ends this process: with the command's exit code; with 1 and a line
 * that says why, where it throws; with 128 and the signal's number, where it is told to end. The folder goes in any case.
 *
 * @param {(folder: string, signal: AbortSignal) => Promise<number | void>} command it is told to end by `signal`: by a
 * Ctrl-C, however often, by SIGTERM, or because nobody is there any more, the terminal or npm
 * @returns {Promise<never>}
 */
export async function runCommand(command) {
  const ending = new AbortController();
  const { signal } = ending;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => ending.abort(name));
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => ending.abort('SIGHUP'));
  whenAbandoned(() => ending.abort('SIGHUP'));
  let code = 0;
  try {
    const folder = makeFolder();
    // Whatever the end is: an error that nobody expects comes by here too.
    process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    code = (await command(folder, signal)) ?? 0;
  } catch (error) {
    code = 1;
    if (!signal.aborted) console.error(describe(error));
  }
  process.exit(signal.aborted ? 128 + constants.signals[signal.reason] : code);
}

function makeFolder() {
  try {
    return mkdtempSync(join(tmpdir(), 'ota-push-'));
  } catch (error) {
    throw new Error(`No temporary folder can be made (${error.message}). Set TMPDIR to a folder that can be written.`);
  }
}

/**
 * One line where a person can do something about it; where it is this program's mistake, all that is known.
 *
 * @param {unknown} error
 */
function describe(error) {
  return error instanceof Error && error.constructor === Error ? error.message : inspect(error);
}
