import { INDEX } from './folder';
import { faint } from './timeline';

/** How many of a long list are shown. */
const SHOWN = 3;

export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

export function list(items: readonly string[], shown = SHOWN): string {
  return items.slice(0, shown).join(' ') + (items.length > shown ? faint(` and ${(items.length - shown).toLocaleString('en')} more`) : '');
}

/** As an address bar shows it. No name of a file may move a terminal's cursor. */
export function pageName(file: string): string {
  return file === INDEX ? '/' : `/${file.replace(/\p{Cc}/gu, '?')}`;
}

/** A share that says all or nothing only where it is that. */
export function percent(part: number, whole: number): string {
  const share = whole === 0 ? 0 : 100 * part / whole;
  return `${share > 0 && share < 1 || share > 99 && share < 100 ? Math.min(share, 99.9).toFixed(1) : share.toFixed(0)} %`;
}

export function bytes(number: number): string {
  if (number < 1e3) {
    return count(number, 'byte');
  }
  const [unit, size] = number < 1e6 ? ['KB', 1e3] : ['MB', 1e6];
  return `${(number / size).toLocaleString('en', { maximumFractionDigits: 1 })} ${unit}`;
}

/** The end of a path tells pages apart. */
export function shorten(path: string, width: number): string {
  return path.length <= width ? path : `…${path.slice(1 - width)}`;
}
