const LINES_A_SECOND = 20;

/** Shows what a board's program prints. Of one that prints without end, only so much that the steps between stay in sight. */
export class BoardPrints {
  #second = 0;
  #shown = 0;
  #hidden = 0;

  show(line: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) this.startAnew();
    this.#second = second;
    if (this.#shown < LINES_A_SECOND) console.log(`  board │  ${line}`);
    else this.#hidden += 1;
    this.#shown += 1;
  }

  /** A step has come, or another second: says how many lines were left out, and shows lines again. */
  startAnew(): void {
    if (this.#hidden > 0) console.log(`  board │  … and ${this.#hidden} more lines`);
    this.#hidden = 0;
    this.#shown = 0;
  }
}
