/** The lab's time. It follows the machine's until it is set; from then on it moves only by what the store does. */
export class Clock {
  #current = 0;
  #fixed = false;

  now(): Date {
    return new Date(this.#fixed ? this.#current : Math.max(this.#current, Date.now()));
  }

  set(date: Date): void {
    this.#current = date.getTime();
    this.#fixed = true;
  }

  /** Does much at once as if it had begun at `start`: a running clock would be driven ahead of the machine's by it. A clock that was set stays as it is. */
  replay<T>(start: Date, act: () => T): T {
    if (this.#fixed) return act();
    const before = this.#current;
    this.set(start);
    try {
      return act();
    } finally {
      this.#fixed = false;
      this.#current = Math.max(before, this.#current);
    }
  }

  /** One store action: a time later than every one before it, by at least a millisecond, so that order by time is never a tie. */
  tick(): Date {
    this.#current = this.#fixed ? this.#current + 1 : Math.max(this.#current + 1, Date.now());
    return new Date(this.#current);
  }
}
