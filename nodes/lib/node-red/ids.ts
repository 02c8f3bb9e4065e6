import { randomUUID } from 'node:crypto';

/** Ids that nobody else gives. Numbers after one UUID: one each would be a part of a small push's cost. */
export class Ids {
  readonly #uuid = randomUUID();
  #count = 0;

  next(): string {
    this.#count += 1;
    return `${this.#uuid}-${this.#count}`;
  }
}
