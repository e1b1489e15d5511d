const [WIDTH, HEIGHT, LEFT, TOP, PANEL_GAP] = [760, 322, 68, 76, 24];
const EDGE = 24;
const PLOT_HEIGHT = 168;

/** One deployment: from one version to the next. */
export interface Step {
  readonly version: string;
  readonly files: number;
  readonly changed: number;
  readonly paths: number;
  /** Share of the files that stay in the cache. */
  readonly kept: number;
  /** The same with one wildcard for the deepest directory that has all changes in it. */
  readonly keptByDirectory: number;
}

export interface Replay {
  readonly title: string;
  readonly what: string;
  readonly steps: readonly Step[];
}

/** A bar for each deployment: how much of the cache it leaves. In the colours of the reader's page, light or dark. */
export function plot(replays: readonly Replay[]): string {
  const panelWidth = (WIDTH - LEFT - 20 - PANEL_GAP * (replays.length - 1)) / replays.length;
  const panels = replays.map(({ title, what, steps }, index) => {
    const x = LEFT + index * (panelWidth + PANEL_GAP);
    const barWidth = panelWidth / steps.length;
    const bars = steps.map(({ version, kept, changed }, step) => {
      // Nothing is a line, and not no bar.
      const height = Math.max(1, PLOT_HEIGHT * kept);
      return `<rect class="kept" x="${(x + step * barWidth + barWidth * 0.12).toFixed(1)}" y="${(TOP + PLOT_HEIGHT - height).toFixed(1)}" ` +
        `width="${(barWidth * 0.76).toFixed(1)}" height="${height.toFixed(1)}">` +
        `<title>${version}: ${changed} ${changed === 1 ? 'file' : 'files'} changed, ${Math.round(kept * 100)} % of the cache kept</title></rect>`;
    });
    return [
      `<rect class="panel" x="${x.toFixed(1)}" y="${TOP}" width="${panelWidth.toFixed(1)}" height="${PLOT_HEIGHT}"/>`,
      ...bars,
      `<text class="title" x="${x.toFixed(1)}" y="${TOP + PLOT_HEIGHT + 24}">${escape(title)}</text>`,
      ...lines(what).map((line, row) => `<text x="${x.toFixed(1)}" y="${TOP + PLOT_HEIGHT + 43 + 18 * row}">${escape(line)}</text>`),
    ];
  });
  const ticks = [0, 0.5, 1].map(share => `<text x="${LEFT - 8}" y="${TOP + PLOT_HEIGHT * (1 - share) + 4}" text-anchor="end">${share * 100} %</text>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="Helvetica, Arial, sans-serif" role="img" aria-labelledby="title">`,
    '<title id="title">Share of the cache that each deployment keeps, for three sites: all but the changed files, where /* keeps nothing</title>',
    '<style>',
    '.back { fill: #ffffff } .panel { fill: #f2f3f3 } .kept { fill: #1d8102 } text { fill: #545b64; font-size: 14px } .title { fill: #16191f; font-size: 16px; font-weight: bold }',
    '@media (prefers-color-scheme: dark) { .back { fill: #0f1b2a } .panel { fill: #1b2838 } .kept { fill: #6aaf35 } text { fill: #aab7b8 } .title { fill: #f2f3f3 } }',
    '</style>',
    `<rect class="back" width="${WIDTH}" height="${HEIGHT}" rx="10"/>`,
    `<text class="title" x="${EDGE}" y="34">Share of the cache that each deployment keeps</text>`,
    `<text x="${EDGE}" y="58">One bar a published version. With /* there would be no bar at all.</text>`,
    ...ticks,
    ...panels.flat(),
    '</svg>',
    '',
  ].join('\n');
}

/** What is as wide as a panel in any font. */
function lines(text: string): string[] {
  return text.match(/.{1,26}(?= |$)/g)?.map(line => line.trim()) ?? [];
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
