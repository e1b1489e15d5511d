/** The start of the summary of an action that succeeded although it failed to invalidate. */
export const WARNING = 'WARNING';

/** Cuts a text to the length that an API accepts, never in the middle of a character. */
export function truncate(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** `1 path`, `2 paths`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `1 second`, `2.5 minutes`, `1 hour`. */
export function formatSeconds(seconds: number): string {
  const round = (value: number) => Math.round(value * 10) / 10;
  if (seconds >= 3600) {
    return count(round(seconds / 3600), 'hour');
  }
  return seconds >= 120 ? count(round(seconds / 60), 'minute') : count(round(seconds), 'second');
}
