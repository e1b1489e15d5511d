/** What a line says besides: not again what each has, which it would overwrite. */
type Details = Readonly<Record<string, unknown>> & Partial<Record<'timestamp' | 'level' | 'message' | 'jobId' | 'firstJobId', never>>;

/** The job that lines are about. A process of the function does one job at a time. */
let job: { readonly jobId?: string; readonly firstJobId?: string } = {};

/** @param firstJobId the job that a continuation began with */
export function logJob(jobId: string, firstJobId: string): void {
  job = { jobId, firstJobId };
}

/**
 * Writes one line of JSON. `JSON.stringify` escapes line breaks, so a path cannot forge a log line.
 *
 * Never pass the event: it contains credentials.
 */
export function log(level: 'INFO' | 'WARN' | 'ERROR', message: string, details: Details = {}): void {
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...job, ...details })}\n`);
}
