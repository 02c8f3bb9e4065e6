/** What begins two turns of the event loop later. */
export interface Beginner {
  begin(): void;
}

/** One pair of immediates for all that ask in one turn: a pair each is a part of a small push's cost. */
export class TwoTurnsLater {
  #asked: Beginner[] = [];

  begin(beginner: Beginner): void {
    this.#asked.push(beginner);
    if (this.#asked.length === 1) setImmediate(() => this.#oneTurnLater());
  }

  #oneTurnLater(): void {
    const asked = this.#asked;
    this.#asked = [];
    setImmediate(() => {
      for (const beginner of asked) beginner.begin();
    });
  }
}
