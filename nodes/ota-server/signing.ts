import { type Signing, secretProblem } from '../../lib/protocol/signature';

/** Whether a server signs its announcements, and with which secret. @throws Error saying what is wrong */
export function parseSigning(settings: { readonly format?: string }, secret = ''): Signing {
  const format = settings.format?.trim() || 'basic';
  if (format !== 'basic' && format !== 'signed') {
    throw new Error(`Form of the announcement: expected basic or signed, got ${JSON.stringify(format)}`);
  }
  const problem =
    secret === '' ? format === 'signed' && 'it is missing, and the signed form needs it' : secretProblem(secret);
  if (problem) throw new Error(`Secret: ${problem}`);
  return { format, secret };
}
