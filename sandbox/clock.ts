/** Time in the sandbox, which may run faster than ours: an hour's wait takes a minute at a scale of 60. */
export class Clock {
  /** When both times were the same. */
  readonly epoch = Date.now();
  private stopped = false;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(readonly timeScale = 1) {}

  /** Epoch milliseconds of the sandbox. */
  now(): number {
    return this.epoch + (Date.now() - this.epoch) * this.timeScale;
  }

  /** Calls `action` after that many milliseconds of the sandbox. Returns what cancels it. */
  after(milliseconds: number, action: () => void): () => void {
    if (this.stopped) {
      return () => {};
    }
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      action();
    }, milliseconds / this.timeScale);
    this.timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.timers.delete(timer);
    };
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise(resolve => this.after(milliseconds, resolve));
  }

  /** Nothing that was to happen later happens any more. */
  stop(): void {
    this.stopped = true;
    this.timers.forEach(timer => clearTimeout(timer));
    this.timers.clear();
  }
}
