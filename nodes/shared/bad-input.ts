import { shorten } from '../../lib/shorten';

/** An input that was not taken: nothing has been announced. It goes to Catch nodes. */
export class BadInput extends Error {
  /** @param code what Catch nodes are told: that it is wrong, or that too much waits already */
  constructor(
    message: string,
    readonly code: 'bad_input' | 'queue_full' = 'bad_input',
  ) {
    super(message);
  }

  /** @param expectation what was expected, as a sentence that ends before "got" */
  static expected(expectation: string, value: unknown): BadInput {
    return new BadInput(`${expectation}, got ${shown(value)}.`);
  }

  /** @param waiting what waits, and where @param fullness how much of it, for people @param remedy what to do, as a sentence */
  static queueFull(waiting: string, fullness: string, remedy: string): BadInput {
    return new BadInput(`Too many ${waiting}, ${fullness}. ${remedy}`, 'queue_full');
  }

  /** What is wrong with an entry of a list is said with its number. @param index from 0 */
  static inEntry<T>(list: string, index: number, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      throw new BadInput(`Entry ${index + 1} of ${list}: ${error.message}`);
    }
  }
}

const maxShownLength = 60;

/** A value as people recognise it: short, and never a file's bytes. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return value === '' ? 'an empty text' : JSON.stringify(shorten(value, maxShownLength));
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
