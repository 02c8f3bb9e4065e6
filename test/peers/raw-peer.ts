import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Inbox } from './inbox';
import { present, python } from './peers';

/** What a peer does; see raw_peer.py. */
export type Behaviour =
  | 'takes_all'
  | 'takes_all_slowly'
  | 'closes_at_once'
  | 'closes_with_bytes_unread'
  | 'closes_its_side_first'
  | 'closes_its_side_in_the_middle'
  | 'dies'
  | 'reads_when_told'
  | 'never_closes'
  | 'talks';

/** What the peer saw: bytes that it read, and how the connection ended for it. */
export interface PeerEnd {
  readonly bytes: number;
  readonly end: 'fin' | 'reset' | 'left';
}

/** A TCP peer in a process of its own, with a receive buffer as small as a board's. */
export class RawPeer {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines = new Inbox<string>();

  /** Connects to the port; resolves when it has. */
  static async start(
    port: number,
    behaviour: Behaviour,
    { host = '127.0.0.1', receiveBuffer = 4096 } = {},
  ): Promise<RawPeer> {
    const peer = new RawPeer([host, String(port), behaviour, String(receiveBuffer)]);
    const ended = once(peer.#process, 'close').then(() =>
      Promise.reject(new Error('The peer ended before it had connected.')),
    );
    await Promise.race([peer.#lines.nextThat((line) => line === 'connected'), ended]);
    return peer;
  }

  private constructor(args: readonly string[]) {
    this.#process = spawn(present(python(), 'python'), [join(__dirname, 'raw_peer.py'), ...args]);
    this.#process.stderr.pipe(process.stderr);
    // A peer that was reset before its first read has ended by the time it is told to go on; how, `ended` tells.
    this.#process.stdin.on('error', () => undefined);
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#lines.push(line));
  }

  goOn(): void {
    this.#process.stdin.write('\n');
  }

  async ended(): Promise<PeerEnd> {
    const [bytes, end] = (await this.#lines.next()).split(' ');
    return { bytes: Number(bytes), end: end as PeerEnd['end'] };
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }
}
