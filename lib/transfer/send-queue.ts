import { readFile } from 'node:fs';
import { isIPv4, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { promisify } from 'node:util';

/** What the kernel says of one TCP connection. */
export interface QueueReading {
  /** Bytes that the peer's TCP has not acknowledged; the FIN counts as one (protocol 2.7). */
  readonly unacknowledged: number;
  /** Both sides are closed and everything has been acknowledged. */
  readonly timeWait: boolean;
}

/**
 * - `gone`: the kernel does not know the connection any more
 * - `unknown`: its tables can't be read now (no descriptor is left), or never (not Linux)
 */
export type QueueState = QueueReading | 'gone' | 'unknown';

type OnReading = (state: QueueState) => void;

const everyMs = 250;
const ofLinux = ['/proc/net/tcp', '/proc/net/tcp6'];
const timeWaitState = '06';

/** Not that of fs/promises: Node.js 18's stops after the first page of a table, which is 27 connections. */
const readTable = promisify(readFile);

/**
 * How much of what the kernel took the peers have acknowledged (protocol 2.7).
 * A reading costs milliseconds, so all connections of a server share one, four times a second, while anyone watches.
 */
export class SendQueues {
  readonly #tables: readonly string[];
  readonly #watchers = new Map<OnReading, string>();
  #timer: NodeJS.Timeout | undefined;
  #reading = false;

  constructor(tables: readonly string[] = ofLinux) {
    this.#tables = tables;
  }

  /** Tells about this connection until the returned function is called. */
  watch(key: string, onReading: OnReading): () => void {
    this.#watchers.set(onReading, key);
    this.#schedule();
    return () => {
      this.#watchers.delete(onReading);
      if (this.#watchers.size === 0) this.#unschedule();
    };
  }

  #schedule(): void {
    if (this.#watchers.size === 0 || this.#reading) return;
    this.#timer ??= setTimeout(() => void this.#tell(), everyMs);
  }

  #unschedule(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #tell(): Promise<void> {
    this.#timer = undefined;
    this.#reading = true;
    const asked = new Map(this.#watchers);
    const stateOf = await readQueues(this.#tables, new Set(asked.values()));
    this.#reading = false;
    for (const [onReading, key] of asked) {
      if (this.#watchers.has(onReading)) onReading(stateOf(key));
    }
    this.#schedule();
  }
}

/** The name of a connection in the kernel's tables: both ends in hex. Ask while the socket is open. */
export function queueKey(socket: Socket): string {
  return `${endInHex(socket.localAddress, socket.localPort)} ${endInHex(socket.remoteAddress, socket.remotePort)}`;
}

async function readQueues(
  tables: readonly string[],
  wanted: ReadonlySet<string>,
): Promise<(key: string) => QueueState> {
  const readings = new Map<string, QueueReading>();
  const texts = await Promise.all(tables.map((table) => readTable(table, 'latin1').catch(emptyWhereNoneIs)));
  // One that is missing has no connection (no IPv6); where all are, this is not Linux.
  const areKnown = texts.every((text) => text !== undefined) && texts.some((text) => text !== '');
  for (const line of texts.join('').split('\n')) {
    const [, local = '', remote = '', state = '', queues = ''] = line.trimStart().split(' ', 5);
    const key = `${local} ${remote}`;
    if (!wanted.has(key)) continue;
    readings.set(key, {
      unacknowledged: Number.parseInt(queues.slice(0, queues.indexOf(':')), 16),
      timeWait: state === timeWaitState,
    });
  }
  return (key) => readings.get(key) ?? (areKnown ? 'gone' : 'unknown');
}

/** Undefined where there is one and it can't be read. */
function emptyWhereNoneIs({ code }: NodeJS.ErrnoException): '' | undefined {
  return code === 'ENOENT' ? '' : undefined;
}

function endInHex(address = '', port = 0): string {
  return `${addressInHex(address)}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** An address as the kernel prints it: 32-bit words in the machine's own byte order. */
function addressInHex(address: string): string {
  const bytes = isIPv4(address) ? address.split('.').map(Number) : ipv6Bytes(address);
  const words: string[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4);
    if (endianness() === 'LE') word.reverse();
    words.push(Buffer.from(word).toString('hex').toUpperCase());
  }
  return words.join('');
}

function ipv6Bytes(address: string): number[] {
  const text = address
    .replace(/%.*$/, '')
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
      [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(':'),
    );
  const [head = [], tail = []] = text.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = new Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  return [...head, ...zeros, ...tail]
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 255]);
}
