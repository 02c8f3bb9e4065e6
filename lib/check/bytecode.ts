const extension = /\.mpy$/i;

/** `M` in each version of MicroPython's, `C` in CircuitPython's. */
const begin = /^[MC]/;

/** Whether a file of this name is to be bytecode, which no compiler sees any more. */
export function isBytecode(filename: string): boolean {
  return extension.test(filename);
}

/**
 * What is wrong with bytecode, as the end of a sentence that begins with the file's name; undefined where nothing is. A board itself
 * tells of bytecode for other boards.
 */
export function bytecodeProblem(bytes: Buffer): string | undefined {
  if (begin.test(bytes.toString('latin1', 0, 1))) return undefined;
  return 'is no bytecode of MicroPython, which begins with M: it is something else, or was damaged on its way.';
}
