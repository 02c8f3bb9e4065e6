import { setTimeout } from 'node:timers/promises';

/** What keeps a process from ending, and a port or a program from being free. */
const kinds = ['TCPServerWrap', 'TCPSocketWrap', 'ProcessWrap'];

/** Sockets of peers that have just been stopped may take a moment. */
const patienceMs = 5000;

const before = new Map<string, number>();

/** Fails a file of tests that leaves a server, a connection or a process open, instead of hanging the run. */
export const mochaHooks = {
  beforeAll(): void {
    for (const kind of kinds) before.set(kind, count(kind));
  },

  async afterAll(): Promise<void> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const left = kinds.filter((kind) => count(kind) > (before.get(kind) ?? 0));
      if (left.length === 0) return;
      if (Date.now() > deadline) throw new Error(`The tests have left open: ${left.join(', ')}`);
      await setTimeout(20);
    }
  },
};

function count(kind: string): number {
  // Not in the types of the oldest Node.js that the package is for, which has it.
  const { getActiveResourcesInfo } = process as unknown as { getActiveResourcesInfo(): string[] };
  return getActiveResourcesInfo().filter((resource) => resource === kind).length;
}
