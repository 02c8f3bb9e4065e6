/**
 * What an error says, whatever was thrown: errors of another context (a Function node's code runs in one) are no `Error` of ours, and
 * some things can't even be made a text.
 */
export function messageOf(error: unknown): string {
  try {
    const { message } = (error ?? {}) as { readonly message?: unknown };
    return typeof message === 'string' && message !== '' ? message : String(error);
  } catch {
    return 'unknown error'; // An object without a prototype, or one that throws when it is asked.
  }
}
