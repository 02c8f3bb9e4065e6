import { createHash } from 'node:crypto';
import { type CheckedFile, PythonChecker } from '../../../lib/check/python-checker';

export const usual = { timeMs: 10_000, memory: 64 * 1024 * 1024 };

/** Compiles for minutes. */
export const endless = `x = ${'('.repeat(100_000)}1${')'.repeat(100_000)}\n`;

/** What was warned of. */
export type Warnings = string[];

/** A checker that notes what it warns of. */
export function start(warnings: Warnings, limits = usual): PythonChecker {
  return new PythonChecker({
    onUnloadable: (reason) => warnings.push(reason),
    onUnchecked: (filename, reason) => warnings.push(`${filename}: ${reason}`),
    limits,
  });
}

/** A file as it is to be sent. */
export function file(content: string | Buffer, filename = 'main.py'): CheckedFile {
  const bytes = Buffer.from(content as string);
  return { filename, bytes, hash: createHash('sha1').update(bytes).digest('hex') };
}
