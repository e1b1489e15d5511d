/**
 * Writes one line of JSON. `JSON.stringify` escapes line breaks, so a path cannot forge a log line.
 *
 * Never pass the event: it contains credentials.
 */
export function log(level: 'INFO' | 'WARN' | 'ERROR', message: string, details: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, message, ...details })}\n`);
}
