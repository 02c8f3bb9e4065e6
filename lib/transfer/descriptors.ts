import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

/**
 * Why nothing more can be opened now, in the system's words; undefined where it can. Node.js accepts a connection that it has no
 * descriptor for, closes it, and says nothing.
 */
export function descriptorProblem(): string | undefined {
  try {
    closeSync(openSync(devNull, 'r'));
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'EMFILE' || code === 'ENFILE' ? message.replace(/,[^,]*$/, '') : undefined;
  }
}
