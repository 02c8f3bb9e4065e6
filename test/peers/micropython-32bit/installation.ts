import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { peersFolder } from '../find-program';

const folder = join(peersFolder, 'micropython-32bit');

/** Tells of which recipe the builds are. */
const mark = join(folder, '.installed');

/** The MicroPython with an ESP8266's options, or one with those of its Unix port. */
export function path32Bit(build: 'esp8266' | 'plain'): string {
  return join(folder, build, 'micropython');
}

/** Whether the builds of today's recipe are there. */
export function has32BitBuilds(): boolean {
  return existsSync(mark) && readFileSync(mark, 'utf8') === recipe();
}

/** Builds both, in a Debian that is removed afterwards. Only root can. */
export async function build32Bit(): Promise<void> {
  await promisify(execFile)(join(__dirname, 'install.sh'), [folder], { maxBuffer: 64 * 1024 * 1024 });
  await writeFile(mark, recipe());
}

/** A hash of all that the builds are made from. */
function recipe(): string {
  const hash = createHash('sha256');
  const names = readdirSync(__dirname, { recursive: true }).map(String).sort();
  for (const name of names.filter((name) => !name.endsWith('.ts') && statSync(join(__dirname, name)).isFile()))
    hash.update(readFileSync(join(__dirname, name)));
  return hash.digest('hex');
}
