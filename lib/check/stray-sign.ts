/** A sign outside of comments and texts that MicroPython, which knows no letters beyond ASCII, takes for a part of a name. */
export interface StraySign {
  /** For people, with its number: what is not seen can't be shown. */
  readonly shown: string;
  /** From 1. */
  readonly line: number;
}

/** Spaces, what is not seen, punctuation, mathematics and the accent that looks like a quote, except what may be in a name. A letter or a picture may be meant. */
const stray = /(?![\p{ASCII}\p{XID_Continue}])[\p{Z}\p{Cf}\p{P}\p{Sm}´]/u;
const strayOrBegin = new RegExp(`["'#]|${stray.source}`, 'u');

const lineEnd = /\r\n|\r|\n/;
const stringPrefix = /(?<![\w\u0080-\uFFFF])(?:f|rf|fr)$/i;
const valueEnd = /[[\]{}:]/;

/** The first one in a file that is UTF-8; of others nothing is known. */
export function straySign(bytes: Buffer): StraySign | undefined {
  if (!/[\x80-\xFF]/.test(bytes.toString('latin1'))) return undefined;
  const text = bytes.toString();
  for (let at = 0; ; ) {
    const found = next(strayOrBegin, text, at);
    if (!found) return undefined;
    const { 0: sign, index } = found;
    if (sign === '#') at = next(lineEnd, text, index)?.index ?? text.length;
    else if (sign === '"' || sign === "'") at = endOfString(text, index);
    else return { shown: nameOf(sign), line: text.slice(0, index).split(lineEnd).length };
  }
}

/** As MicroPython's lexer finds it. @param start where its first quote is */
function endOfString(text: string, start: number): number {
  const [quote = ''] = /^("""|'''|"|')/.exec(text.slice(start, start + 3)) ?? [];
  const isFormatted = stringPrefix.test(text.slice(Math.max(0, start - 3), start));
  // What follows two braces belongs to the text, be it a quote.
  const braces = isFormatted ? String.raw`|\{\{[^{\\]?|\{` : '';
  const signs = new RegExp(String.raw`\\(?:\r\n|[^])|${quote}${braces}`);
  for (let at = start + quote.length; ; ) {
    const found = next(signs, text, at);
    if (!found) return text.length;
    at = found.index + found[0].length;
    if (found[0] === quote) return at;
    if (found[0] === '{') at = endOfValue(text, at);
  }
}

/** A value in a formatted string ends at a `}` or `:` that is in no square bracket or brace; parentheses and quotes do not count. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; ; ) {
    const found = next(valueEnd, text, at);
    if (!found) return text.length;
    const { 0: sign, index } = found;
    if (depth === 0 && (sign === '}' || sign === ':')) return index;
    if ('[{'.includes(sign)) depth += 1;
    else if (sign !== ':') depth -= 1;
    at = index + 1;
  }
}

function next(pattern: RegExp, text: string, from: number): RegExpExecArray | null {
  const search = new RegExp(pattern, 'gu');
  search.lastIndex = from;
  return search.exec(text);
}

function nameOf(sign: string): string {
  const number = `U+${sign.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`;
  if (/\p{Zs}/u.test(sign)) return `a space that Python does not know (${number})`;
  return /\p{Cf}|\p{Z}/u.test(sign) ? `a sign that is not seen (${number})` : `${sign} (${number})`;
}
