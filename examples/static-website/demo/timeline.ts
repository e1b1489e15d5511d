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

const ACTOR_WIDTH = Math.max(...Object.keys(ACTORS).map(name => name.length));
const MARGIN = ' '.repeat(11);
const LINE_WIDTH = 110;

export const good = (text: string) => colors.green(text);
export const bad = (text: string) => colors.red(text);
export const faint = (text: string) => colors.dim(text);

/** Tells what happens as it happens. */
export class Timeline {
  private readonly startedAt = performance.now();

  title(text: string, subtitle: string): void {
    print(`\n  ${colors.bold(text)}\n  ${faint(subtitle)}`);
  }

  chapter(text: string): void {
    print(`\n${MARGIN}${colors.bold(text)}`);
  }

  event(actor: Actor, text: string): void {
    const time = `+${((performance.now() - this.startedAt) / 1000).toFixed(1)} s`;
    print(`${faint(time.padStart(9))}  ${ACTORS[actor](actor.padEnd(ACTOR_WIDTH))}  ${text}`);
  }

  /** What it all came to, and the facts of it. */
  end(succeeded: boolean, text: string, facts: readonly (readonly [name: string, value: string])[]): void {
    const paint = succeeded ? good : bad;
    print(`\n  ${paint(colors.bold(`${succeeded ? '✔' : '✘'} ${text}`))}\n`);
    const width = Math.max(...facts.map(([name]) => name.length));
    for (const [name, value] of facts) {
      const [first, ...more] = wrap(value, LINE_WIDTH - width);
      print(`    ${faint(name.padEnd(width))}  ${first}`);
      more.forEach(line => print(`    ${' '.repeat(width)}  ${line}`));
    }
    print('');
  }
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + word.length >= width) {
      lines.push(word);
    } else {
      lines[lines.length - 1] = `${line} ${word}`;
    }
  }
  return lines;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
