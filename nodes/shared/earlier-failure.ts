import { shorten } from '../../lib/shorten';
import { BadInput } from './bad-input';

/** What Node-RED's own nodes leave in a message, or in one that was joined into a set. */
interface Traces {
  /** Of an http request: a number, or the code of what kept it from getting one. */
  readonly statusCode?: unknown;
  /** Of an http request: the address that has answered. */
  readonly responseUrl?: unknown;
  /** Of an exec: how its command ended. */
  readonly rc?: unknown;
  /** Of a Catch node, of a read file and of a function. */
  readonly error?: unknown;
}

/** HTTP: what is no success, and the successes without a content or with a part of it. */
const firstRedirection = 300;
const firstError = 400;
const withoutContent: ReadonlySet<number> = new Set([204, 205]);
const withPart = 206;

const maxShownLength = 120;

/**
 * Refuses a message that says that something before has failed: its payload is then the words of the failure, or what is left
 * of something older.
 * @param place where the traces are, for people
 * @throws BadInput naming what has failed, and what to delete where the file is good all the same
 */
export function refuseFailure({ statusCode, responseUrl, rc, error }: Traces, place = 'msg'): void {
  const what =
    failedRequest(statusCode, typeof responseUrl === 'string') ??
    failedCommand(rc) ??
    (error ? failedNode(error) : undefined);
  if (!what) return;
  const [property, who, evidence] = what;
  throw new BadInput(
    `Expected a file, but ${who}: ${place}.${property} is ${firstLine(evidence)}. To push one all the same, delete ${place}.${property} before.`,
  );
}

/** The property that tells it, what has failed, and the property's value. */
type Failure = readonly [property: string, who: string, evidence: string];

function failedRequest(statusCode: unknown, isFromRequest: boolean): Failure | undefined {
  if (typeof statusCode !== 'number' && typeof statusCode !== 'string') return undefined;
  const status = Number(statusCode);
  const evidence = String(statusCode);
  if (Number.isNaN(status) || status >= firstError)
    return ['statusCode', 'an HTTP request before has failed', evidence];
  // Who is to answer a request sets these too: only a request itself says by them that it has brought no file.
  if (!isFromRequest) return undefined;
  if (status === withPart) return ['statusCode', 'an HTTP request before has brought a part of one', evidence];
  const hasNoFile = status >= firstRedirection || withoutContent.has(status);
  return hasNoFile ? ['statusCode', 'an HTTP request before has brought none', evidence] : undefined;
}

function failedCommand(rc: unknown): Failure | undefined {
  if (!isObject(rc) || !('code' in rc) || rc.code === 0) return undefined;
  const { code, signal, message } = rc;
  const end = signal ? String(signal) : String(code);
  return ['rc', 'a command before has failed', typeof message === 'string' ? `${end}, ${message}` : end];
}

function failedNode(error: unknown): Failure {
  const { message = error, source } = isObject(error) ? error : {};
  const { type, name } = isObject(source) ? source : {};
  const node = type ? `the ${type} node` : 'a node';
  const who = `${node}${name ? ` ${JSON.stringify(name)}` : ''} before has failed`;
  return ['error', who, typeof message === 'string' ? JSON.stringify(message) : 'there'];
}

/** As the end of a sentence. */
function firstLine(text: string): string {
  const [line = ''] = text.split('\n');
  return shorten(line.replace(/\.$/, ''), maxShownLength);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
