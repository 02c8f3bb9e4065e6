import { secretProblem } from '../../lib/protocol/secret';
import type { Signing } from '../../lib/protocol/signature';
import { variableProblem } from '../shared/variables';

/** Whether a server signs its announcements, and with which secret. @throws Error saying what is wrong */
export function parseSigning(settings: { readonly format?: string }, secret = ''): Signing {
  const format = settings.format?.trim() || 'basic';
  if (format !== 'basic' && format !== 'signed') {
    const problem = variableProblem(format) ?? 'expected basic or signed';
    throw new Error(`Form of the announcement: ${problem}, got ${JSON.stringify(format)}`);
  }
  const isSigned = format === 'signed';
  const problem =
    secret === ''
      ? isSigned && 'it is missing, and the signed form needs it'
      : (variableProblem(secret) ?? (isSigned ? secretProblem(secret) : undefined));
  if (problem) throw new Error(`Secret: ${problem}`);
  // A short one of an older version, or typed in vain, is as none where nothing is signed.
  return { format, secret: secretProblem(secret) ? '' : secret };
}
