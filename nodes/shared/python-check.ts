import type { CheckedFile, PythonChecker } from '../../lib/check/python-checker';
import { BadInput } from './bad-input';
import { heldBytesOf, type Message } from './message';

/** The property of a node that says whether Python is checked; nodes of an older version have none, and do as new ones. */
export interface CheckSettings {
  readonly check?: boolean;
}

/**
 * Refuses Python that no board could run, before anything is announced.
 * @param message that brings them, which waits with them
 * @returns a promise where that takes time, undefined where it is known that nothing is wrong
 * @throws BadInput, or rejects with it, naming the file and what is wrong; or where too many wait for that already
 */
export function checkPython(
  checker: PythonChecker,
  files: readonly CheckedFile[],
  message: Message,
  { check = true }: CheckSettings,
): undefined | Promise<void> {
  // Without files too, where others are being checked: pushes stay in their order.
  const asked = check ? files : [];
  // What is known does not wait.
  const heldBytes = checker.knows(asked) ? 0 : heldBytesOf(message, files);
  const fullness = checker.fullnessFor(heldBytes);
  if (fullness) throw BadInput.queueFull('messages wait for files to be checked', fullness, 'Send it again later.');
  const problem = checker.check(asked, heldBytes);
  if (problem instanceof Promise) return problem.then(refuse);
  refuse(problem);
  return undefined;
}

function refuse(problem: string | undefined): void {
  if (problem === undefined) return;
  throw new BadInput(`${problem} To send it all the same, switch "Check Python before it is sent" (check) off.`);
}
