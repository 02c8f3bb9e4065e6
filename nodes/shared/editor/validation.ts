import type { Validate } from './editor-api';

/** Whether a text is `${NAME}`, or `$(NAME)`: a variable of the environment, known only where Node-RED runs. */
export function isVariable(text: string): boolean {
  return /^\$(\{[^}]+\}|\([^)]+\))$/.test(text);
}

/** Whether the run time would take a value. @param parse throws where it would not */
export function isTaken(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    // The words for what is wrong are the catalogue's.
    return false;
  }
}

/**
 * Validates a text by what reads it at run time.
 * @param words the property's label and what is expected of it, as keys of the catalogue
 * @param parse throws where the run time would not take it
 */
export function textValidator(
  words: { readonly label: string; readonly error: string },
  parse: (text: string) => unknown,
): Validate {
  return function (value, options) {
    const text = String(value ?? '').trim();
    if (text === '' || isVariable(text) || isTaken(() => parse(text))) return true;
    return options ? `${this._(words.label)}: ${this._(words.error)}` : false;
  };
}
