/** What a run of the demo came to. Seconds since version 2 was deployed. */
export interface Run {
  readonly started: number;
  readonly accepted: number;
  readonly dropped: number;
  readonly completed: number;
  readonly ended: number;
  /** Of a visitor who reloads the page. */
  readonly looks: readonly { readonly at: number; readonly version: number }[];
  /** How many pages the stage itself has seen fresh. */
  readonly pages: number;
}

const [WIDTH, HEIGHT, EDGE, LEFT] = [840, 476, 28, 140];
const [FIRST_LANE, LANE, BAR] = [96, 62, 36];
const AXIS = FIRST_LANE + 2 * LANE + BAR + 18;
const [LINES, LINE] = [AXIS + 62, 23];

/** Seconds before version 2, and after the end. */
const [BEFORE, AFTER] = [1.2, 1.3];

const MONOSPACE = 'ui-monospace, Menlo, Consolas, monospace';

/** They hold on a page of any colour: the picture brings its own background. */
const COLORS = {
  back: '#0f1b2a',
  border: '#3b4d63',
  text: '#e6edf3',
  faint: '#9fb0c3',
  grid: '#26374b',
  old: '#475c75',
  stale: '#b3362b',
  fresh: '#1f7a3a',
  stage: '#8a5a00',
  cloudFront: '#5b3fa8',
};

/** The run as a picture: what the visitor sees, what the pipeline does, and what CloudFront does. */
export function draw(run: Run): string {
  const { started, accepted, dropped, completed, ended, looks, pages } = run;
  const until = ended + AFTER;
  const x = (seconds: number) => Number((LEFT + (seconds + BEFORE) / (until + BEFORE) * (WIDTH - EDGE - LEFT)).toFixed(1));
  const bar = (lane: number, from: number, to: number, color: string, label: string) => {
    const [left, right, top] = [x(from), x(to), FIRST_LANE + lane * LANE];
    return `<rect x="${left}" y="${top}" width="${(right - left).toFixed(1)}" height="${BAR}" rx="4" fill="${color}"/>` +
      `<text x="${((left + right) / 2).toFixed(1)}" y="${top + 24}" text-anchor="middle">${label}</text>`;
  };
  const seen = looks.find(({ at, version }) => at > 0 && version === 2)?.at ?? dropped;
  const moments = [
    [0, 'you', 'deploy version 2: visitors still get version 1 from the cache'],
    [started, 'CodePipeline', 'starts the last stage, InvalidateCloudFrontCache'],
    [accepted, 'CloudFront', 'accepts the invalidation of /*'],
    [dropped, 'CloudFront', 'drops version 1 from the cache'],
    [completed, 'CloudFront', 'says that the invalidation is Completed'],
    [ended, 'CodePipeline', `turns green: the stage has seen ${pages} fresh pages itself`],
  ] as const;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="Helvetica, Arial, sans-serif" ` +
      `font-size="15" fill="${COLORS.text}" role="img" aria-labelledby="title">`,
    `<title id="title">A run of the demo. ${moments.map(([at, actor, text]) => `${at.toFixed(1)} s: ${actor} ${text}`).join('. ')}.</title>`,
    // What it is drawn from.
    `<metadata>${JSON.stringify(run)}</metadata>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="10" fill="${COLORS.back}" stroke="${COLORS.border}"/>`,
    ...['#ff5f57', '#febc2e', '#28c840'].map((color, index) => `<circle cx="${EDGE + 6 + 20 * index}" cy="26" r="6" fill="${color}"/>`),
    `<text x="${EDGE + 72}" y="31" font-family="${MONOSPACE}" fill="${COLORS.faint}">npm run demo</text>`,
    `<text x="${EDGE}" y="72" font-size="19" font-weight="bold">A stale page turns fresh</text>`,
    `<text x="${WIDTH - EDGE}" y="72" font-size="14" text-anchor="end" fill="${COLORS.faint}">one run of the function as it ships, on a sandbox of AWS</text>`,
    ...Array.from({ length: Math.floor(until) + 1 }, (_, second) => `<path d="M${x(second)} ${FIRST_LANE - 6}V${AXIS}" stroke="${COLORS.grid}"/>` +
      `<text x="${x(second)}" y="${AXIS + 18}" font-size="14" text-anchor="middle" fill="${COLORS.faint}">${second} s</text>`),
    ...[seen, ended].map(at => `<path d="M${x(at)} ${FIRST_LANE - 6}V${AXIS}" stroke="${COLORS.text}" stroke-dasharray="3 3"/>`),
    ...['visitor', 'CodePipeline', 'CloudFront'].map((name, lane) => `<text x="${EDGE}" y="${FIRST_LANE + lane * LANE + 24}">${name}</text>`),
    `<text x="${EDGE}" y="${FIRST_LANE + BAR + 12}" font-size="13" fill="${COLORS.faint}">each dot a visit</text>`,
    bar(0, -BEFORE, 0, COLORS.old, 'version 1'),
    bar(0, 0, seen, COLORS.stale, 'version 1: stale'),
    bar(0, seen, until, COLORS.fresh, 'version 2: fresh'),
    ...looks.filter(({ at }) => at > -BEFORE && at < until).map(({ at, version }) =>
      `<circle cx="${x(at)}" cy="${FIRST_LANE + BAR + 8}" r="2.5" fill="${version === 2 ? '#4fc26b' : at < 0 ? COLORS.faint : '#ff7b6e'}"/>`),
    `<circle cx="${x(0)}" cy="${FIRST_LANE + LANE + BAR / 2}" r="6" fill="${COLORS.text}"/>`,
    `<text x="${x(0) - 12}" y="${FIRST_LANE + LANE + 24}" text-anchor="end">deploy</text>`,
    bar(1, started, ended, COLORS.stage, 'invalidate, wait, look at the pages'),
    bar(1, ended, until, COLORS.fresh, '✔ green'),
    bar(2, accepted, completed, COLORS.cloudFront, 'invalidation in progress'),
    ...moments.map(([at, actor, text], index) => `<text y="${LINES + LINE * index}" font-family="${MONOSPACE}" font-size="14" xml:space="preserve">` +
      `<tspan x="${EDGE}" fill="${COLORS.faint}">+${at.toFixed(1)} s</tspan><tspan x="${EDGE + 72}" fill="${COLORS.faint}">${actor}</tspan>` +
      `<tspan x="${EDGE + 190}">${text}</tspan></text>`),
    '</svg>',
    '',
  ].join('\n');
}
