/** What a line says besides: not again what each has, which it would overwrite. */
type Details = Readonly<Record<string, unknown>> & { readonly timestamp?: never; readonly level?: never; readonly message?: never };

/**
 * Writes one line of JSON. `JSON.stringify` escapes line breaks, so a path cannot forge a log line.
 *
 * Never pass the event: it contains credentials.
 */
export function log(level: 'INFO' | 'WARN' | 'ERROR', message: string, details: Details = {}): void {
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...details })}\n`);
}
