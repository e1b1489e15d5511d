import type { Context } from './event';

/** Time reserved from the function's timeout for the report to CodePipeline. */
const REPORT_RESERVE = 20_000;

/** Too little time for one more call. */
const SHORTEST_CALL = 250;

/** The longest time for one call: CloudFront responds in a few seconds, and a call that hangs must leave time for another. */
export const CALL_TIMEOUT = 10_000;

/** When an invocation must stop working on the job, and when it must have reported, in epoch milliseconds. */
export interface Budget {
  readonly workUntil: number;
  readonly reportUntil: number;
}

/** With a short timeout, a third of it is reserved. */
export function budgetOf(context: Context): Budget {
  const remaining = context.getRemainingTimeInMillis();
  const reportUntil = Date.now() + remaining - SHORTEST_CALL;
  return { workUntil: Date.now() + remaining - Math.min(REPORT_RESERVE, remaining / 3), reportUntil };
}

export function hasTimeForCall(until: number): boolean {
  return until - Date.now() >= SHORTEST_CALL;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, Math.max(0, milliseconds)));
}

/**
 * Limits one AWS call to `until` and to `CALL_TIMEOUT`.
 *
 * The signal aborts the request. The race ends the wait for a body that stops half-way, which the signal does not.
 *
 * @throws Error without making the call if the time is up: nobody would learn of its effect
 */
export async function limited<T>(until: number, call: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  const milliseconds = Math.min(CALL_TIMEOUT, until - Date.now());
  if (milliseconds <= 0) {
    throw new Error('no time was left for the call');
  }
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeLimit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no response within ${Math.round(milliseconds / 1000)} seconds`));
      controller.abort();
    }, milliseconds);
  });
  try {
    return await Promise.race([call(controller.signal), timeLimit]);
  } finally {
    clearTimeout(timer);
  }
}
