import { writeFileSync } from 'node:fs';
import { type MochaOptions, type Runner, reporters } from 'mocha';
import { wanted } from './peers/needing';
import { commandFor, type PeerName, peers } from './peers/peers';

/** Mocha's list of all tests, and at its end what was skipped: for want of which peer, how many, and what gets it. */
class Reporter extends reporters.Spec {
  readonly #skipped = new Map<PeerName, number>();

  constructor(runner: Runner, options: MochaOptions) {
    super(runner, options);
    runner.on('pending', (test) => {
      for (const peer of wanted(test.fullTitle())) this.#skipped.set(peer, (this.#skipped.get(peer) ?? 0) + 1);
    });
  }

  override epilogue(): void {
    super.epilogue();
    this.#sayWhatWasSkipped();
    const { passes, failures, pending } = this.stats;
    const file = process.env.TEST_COUNTS_FILE; // of the run that started this, see run.ts
    if (file) writeFileSync(file, JSON.stringify({ passes, failures, pending }));
  }

  #sayWhatWasSkipped(): void {
    if (this.#skipped.size === 0) return;
    console.log('  Skipped, since a peer is missing:\n');
    const width = Math.max(...[...this.#skipped.keys()].map((peer) => peers[peer].label.length));
    for (const [peer, tests] of this.#skipped) {
      const label = peers[peer].label.padEnd(width);
      console.log(`    ${label}  ${String(tests).padStart(3)} ${tests === 1 ? 'test ' : 'tests'}  ${commandFor(peer)}`);
    }
    console.log(`\n  All of them: ${commandFor()}\n`);
  }
}

export = Reporter;
