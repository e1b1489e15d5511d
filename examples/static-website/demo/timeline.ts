import { stripVTControlCharacters } from 'util';
import { createColors } from 'picocolors';

/** `hasColors` knows NO_COLOR and what the terminal can do. It is asked because picocolors takes a build server's pipe for a terminal. */
const colors = createColors(process.stdout.isTTY === true && process.stdout.hasColors());

const ACTORS = {
  cdk: colors.dim,
  you: colors.bold,
  visitor: colors.cyan,
  CodePipeline: colors.magenta,
  Lambda: colors.yellow,
  CloudFront: colors.blue,
};

export type Actor = keyof typeof ACTORS;

/** What a picture of the story needs to know of it. */
export type Moment = 'published' | 'started' | 'accepted' | 'dropped' | 'completed' | 'visited' | 'ended';

const ACTOR_WIDTH = Math.max(...Object.keys(ACTORS).map(name => name.length));
const TIME_WIDTH = 9;
const MARGIN = ' '.repeat(TIME_WIDTH + 2);

/** Lines longer than that are hard to read. */
const MAX_WIDTH = 110;
const WIDTH = Math.min(process.stdout.columns || 80, MAX_WIDTH);

/** What an event's text has of a line. */
export const TEXT_WIDTH = WIDTH - MARGIN.length - ACTOR_WIDTH - 2;

export const good = (text: string) => colors.green(text);
export const bad = (text: string) => colors.red(text);
export const faint = (text: string) => colors.dim(text);

/** Tells what happens as it happens. */
export class Timeline {
  /** When each happened last, in seconds. */
  readonly moments: Partial<Record<Moment, number>> = {};

  private readonly startedAt = performance.now();

  /** Seconds since it began. */
  now(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  title(text: string, subtitle: string): void {
    print(`\n  ${colors.bold(text)}\n  ${faint(subtitle)}`);
  }

  chapter(text: string): void {
    print(`\n${MARGIN}${colors.bold(text)}`);
  }

  event(actor: Actor, text: string, moment?: Moment): void {
    const now = this.now();
    if (moment !== undefined) {
      this.moments[moment] = now;
    }
    const [first, ...more] = wrap(text, TEXT_WIDTH);
    print(`${faint(`+${now.toFixed(1)} s`.padStart(TIME_WIDTH))}  ${ACTORS[actor](actor.padEnd(ACTOR_WIDTH))}  ${first}`);
    more.forEach(line => print(' '.repeat(WIDTH - TEXT_WIDTH) + line));
  }

  /** What it all came to, and the facts of it. */
  end(succeeded: boolean, text: string, facts: readonly (readonly [name: string, value: string])[]): void {
    const paint = succeeded ? good : bad;
    print(`\n  ${paint(colors.bold(`${succeeded ? '✔' : '✘'} ${text}`))}\n`);
    const width = Math.max(...facts.map(([name]) => name.length));
    for (const [name, value] of facts) {
      const [first, ...more] = value.split('\n').flatMap(line => wrap(line, WIDTH - 6 - width));
      print(`    ${faint(name.padEnd(width))}  ${first}`);
      more.forEach(line => print(`    ${' '.repeat(width)}  ${line}`));
    }
    print('');
  }
}

/** Lines of whole words. Runs of spaces, which align columns, stay within a line. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/(?<! ) (?! )/)) {
    const line = lines.at(-1);
    if (line === undefined || lengthOf(line) + 1 + lengthOf(word) > width) {
      lines.push(word);
    } else {
      lines[lines.length - 1] = `${line} ${word}`;
    }
  }
  return lines;
}

function lengthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
