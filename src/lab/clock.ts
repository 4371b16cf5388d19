/** The lab's time. It follows the machine's time until it is set; then only the store moves it. */
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

  /**
   * Runs much work as if it had begun at `start`: otherwise it would drive a running clock ahead of the machine's. A clock that was set stays
   * unchanged.
   */
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

  /** Returns the time of one store action: at least a millisecond after every earlier one, so times are never equal. */
  tick(): Date {
    this.#current = this.#fixed ? this.#current + 1 : Math.max(this.#current + 1, Date.now());
    return new Date(this.#current);
  }
}
