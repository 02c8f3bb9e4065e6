import { secretProblem } from '../../lib/protocol/secret';
import type { Signing } from '../../lib/protocol/signature';

/** Whether a server signs its announcements, and with which secret. @throws Error saying what is wrong */
export function parseSigning(settings: { readonly format?: string }, secret = ''): Signing {
  const format = settings.format?.trim() || 'basic';
  if (format !== 'basic' && format !== 'signed') {
    throw new Error(`Form of the announcement: expected basic or signed, got ${JSON.stringify(format)}`);
  }
  // Of an older version or typed in vain: nobody needs it where nothing is signed.
  if (format === 'basic' && secretProblem(secret)) return { format, secret: '' };
  const problem = secret === '' ? 'it is missing, and the signed form needs it' : secretProblem(secret);
  if (problem) throw new Error(`Secret: ${problem}`);
  return { format, secret };
}
