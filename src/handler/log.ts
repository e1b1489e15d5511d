/** What a line says besides: not again what each has, which it would overwrite. */
type Details = Readonly<Record<string, unknown>> & { readonly timestamp?: never; readonly level?: never; readonly message?: never };

/**
 * One JSON object a line and step. `JSON.stringify` escapes line breaks, so that a path cannot forge a line of its own.
 *
 * Never pass the event: it carries credentials.
 */
export function log(level: 'INFO' | 'WARN' | 'ERROR', message: string, details: Details = {}): void {
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...details })}\n`);
}
