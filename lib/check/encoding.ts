/** Ends of lines, as MicroPython sees them. */
const lineEnd = /\r\n|\r|\n/;

/**
 * What keeps MicroPython, which reads ASCII and UTF-8, from reading these bytes, as the end of a sentence that begins with the
 * file's name; undefined where nothing does. Other bytes are fine: in comments and texts it takes any.
 */
export function encodingProblem(bytes: Buffer): string | undefined {
  if (/^(?:\xFF\xFE|\xFE\xFF|\0[^\0]|[^\0]\0)/.test(bytes.toString('latin1', 0, 2))) {
    return 'is UTF-16 text, which MicroPython does not read: save it as UTF-8';
  }
  if (bytes.toString('latin1', 0, 3) === '\xEF\xBB\xBF') {
    return 'begins with a byte order mark (BOM), which MicroPython takes for a name: save it as UTF-8 without BOM';
  }
  const index = bytes.indexOf(0);
  if (index === -1) return undefined;
  const line = bytes.toString('latin1', 0, index).split(lineEnd).length;
  return `has a NUL byte in line ${line}: it is no Python, or was damaged on its way`;
}

/** The text of a line, counted from 1, without the space around it; empty where there is none. */
export function textOfLine(bytes: Buffer, line: number): string {
  return (bytes.toString().split(lineEnd)[line - 1] ?? '').trim();
}
