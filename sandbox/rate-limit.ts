import type { Clock } from './clock';

export interface RateLimitSettings {
  /** Requests that are added to the bucket each second of the sandbox. */
  readonly perSecond: number;
  /** Requests that fit into it. */
  readonly burst: number;
}

/** A token bucket, as AWS's APIs have one for each operation and account. */
export class RateLimit {
  private tokens: number;
  private filledAt: number;

  constructor(private readonly clock: Clock, private readonly settings: RateLimitSettings) {
    this.tokens = settings.burst;
    this.filledAt = clock.now();
  }

  /** Takes a request's token, if there is one. */
  take(): boolean {
    const { perSecond, burst } = this.settings;
    const now = this.clock.now();
    this.tokens = Math.min(burst, this.tokens + (now - this.filledAt) / 1_000 * perSecond);
    this.filledAt = now;
    if (this.tokens < 1) {
      return false;
    }
    this.tokens--;
    return true;
  }
}
