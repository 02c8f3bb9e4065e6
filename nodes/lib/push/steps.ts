/** What goes on in steps that others begin: none once it is over, and what goes wrong in one ends it. */
export abstract class Steps {
  protected isOver = false;

  /** Ends it with what no step should do. */
  protected abstract endWith(bug: unknown): void;

  protected step<T>(step: (value: T) => void): (value: T) => void {
    return (value) => {
      if (this.isOver) return;
      try {
        step(value);
      } catch (bug) {
        this.endWith(bug);
      }
    };
  }

  protected await<T>(promise: Promise<T>, step: (value: T) => void): void {
    promise.then(
      this.step(step),
      this.step((bug: unknown) => this.endWith(bug)),
    );
  }
}
