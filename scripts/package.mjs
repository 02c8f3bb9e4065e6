import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { copyEditorFiles } from './copy-editor-files.mjs';
import { killGroup, spawnGroup } from './process-group.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What the package has besides `dist/` that is built: it lies beside what it is built from, as people look for both. */
const BOARD_MODULES = ['ota', 'ota_async'].map((name) => join('examples', 'micropython', name));

/**
 * Builds the package in a temporary folder, then brings the checkout up to date: file by file, and only those that differ.
 * So whoever loads it meanwhile finds every file whole, two builds at once do each other no harm, and a checkout that
 * cannot be written will do as long as it is up to date.
 *
 * @param {string} folder
 * @param {AbortSignal} signal ends it
 * @throws {Error} where the sources have errors, which are shown, or a file would have to be written and cannot
 */
export async function buildPackage(folder, signal) {
  const fresh = join(folder, 'package');
  await compile(join(fresh, 'dist'), signal);
  copyEditorFiles(ROOT, join(fresh, 'dist'));
  for (const module of BOARD_MODULES) await compileModule(`${module}.py`, join(fresh, `${module}.mpy`), signal);
  const files = filesBelow(fresh);
  const changed = files.filter((file) => !isSame(join(fresh, file), join(ROOT, file)));
  const surplus = filesBelow(ROOT, 'dist').filter((file) => !files.includes(file));
  if (changed.length + surplus.length === 0) return;
  try {
    replace(fresh, changed);
    for (const file of surplus) rmSync(join(ROOT, file), { force: true });
  } catch (error) {
    throw new Error(
      `What is built is not up to date and cannot be written (${error.message}). Run "npm run build" while it can be, or work in a copy.`,
    );
  }
}

/**
 * The path of a module that only developers have.
 *
 * @param {string} name
 * @throws {Error} where it is missing
 */
export function toolPath(name) {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch {
    throw new Error(`What the project is built with is not installed (${name}). Run "npm install" first.`);
  }
}

/**
 * @param {string} target
 * @param {AbortSignal} signal
 */
async function compile(target, signal) {
  const program = join(dirname(toolPath('typescript/package.json')), 'bin', 'tsc');
  const { code, errors } = await runTool([program, '--project', ROOT, '--outDir', target], signal);
  if (code === 0) return;
  const [unwritten] = /(?<=^error TS5033: ).*/m.exec(errors) ?? [];
  if (unwritten) throw new Error(`The package cannot be built. ${unwritten} Set TMPDIR to a folder with more room.`);
  throw new Error(`${errors}The package cannot be built: its sources have the errors above.`);
}

/**
 * Compiles a module for boards.
 *
 * @param {string} source its path below the checkout
 * @param {string} target
 * @param {AbortSignal} signal
 */
async function compileModule(source, target, signal) {
  toolPath('@pybricks/mpy-cross-v6');
  mkdirSync(dirname(target), { recursive: true });
  const program = join(ROOT, 'scripts', 'compile-module.mjs');
  const { code, errors } = await runTool([program, join(ROOT, source), target], signal);
  if (code !== 0) throw new Error(`${errors}The package cannot be built: ${basename(source)} cannot be compiled.`);
}

/**
 * Runs a program of Node.js to its end, or to the signal.
 *
 * @param {readonly string[]} command
 * @param {AbortSignal} signal
 * @returns {Promise<{ code: number | null, errors: string }>} its exit code, and what it printed
 */
async function runTool(command, signal) {
  const tool = spawnGroup(command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = () => killGroup(tool);
  signal.addEventListener('abort', end);
  // 'close', not 'exit': by then nothing of it is left that could still write into the folder.
  const [errors, [code]] = await Promise.all([text(tool.stdout), once(tool, 'close')]);
  signal.removeEventListener('abort', end);
  signal.throwIfAborted();
  return { code, errors };
}

/**
 * Puts fresh files into the checkout, each at once: renamed, which goes only within one file system.
 *
 * @param {string} fresh
 * @param {readonly string[]} files
 */
function replace(fresh, files) {
  const beside = mkdtempSync(join(ROOT, '.build-'));
  try {
    for (const file of files) {
      mkdirSync(dirname(join(ROOT, file)), { recursive: true });
      copyFileSync(join(fresh, file), join(beside, 'file'));
      renameSync(join(beside, 'file'), join(ROOT, file));
    }
  } finally {
    rmSync(beside, { recursive: true });
  }
}

/**
 * @param {string} folder
 * @param {string} path of the folder to look into, below it
 * @returns {string[]} the paths of the files; none where there is no folder
 */
function filesBelow(folder, path = '') {
  if (!existsSync(join(folder, path))) return [];
  return readdirSync(join(folder, path), { withFileTypes: true }).flatMap((entry) => {
    const inside = join(path, entry.name);
    return entry.isDirectory() ? filesBelow(folder, inside) : [inside];
  });
}

/**
 * @param {string} one
 * @param {string} other may be missing
 */
function isSame(one, other) {
  return existsSync(other) && readFileSync(one).equals(readFileSync(other));
}
