interface Chart {
  readonly title: string;
  readonly subtitle: string;
  readonly unit: string;
  /** The first one is ours. */
  readonly values: readonly { readonly name: string; readonly value: number }[];
}

const [WIDTH, EDGE, TOP, ROW, BAR] = [760, 24, 80, 52, 20];

/** For the number behind the longest bar. */
const NUMBER = 80;

/** A bar for each value, below its name, in the colours of the reader's page, light or dark. */
export function bars({ title, subtitle, unit, values }: Chart): string {
  const most = Math.max(...values.map(({ value }) => value));
  const height = TOP + ROW * values.length + 8;
  const scale = (WIDTH - 2 * EDGE - NUMBER) / most;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
      'font-family="Helvetica, Arial, sans-serif" role="img" aria-labelledby="title">',
    `<title id="title">${escape(title)}: ${escape(values.map(({ name, value }) => `${name} ${format(value)} ${unit}`).join(', '))}</title>`,
    '<style>',
    '.back { fill: #ffffff } .own { fill: #1d8102 } .other { fill: #aab7b8 } text { fill: #545b64; font-size: 15px } ' +
      '.title { fill: #16191f; font-size: 18px; font-weight: bold }',
    '@media (prefers-color-scheme: dark) { .back { fill: #0f1b2a } .own { fill: #6aaf35 } .other { fill: #5f6b7a } text { fill: #b6bec9 } .title { fill: #f2f3f3 } }',
    '</style>',
    `<rect class="back" width="${WIDTH}" height="${height}" rx="10"/>`,
    `<text class="title" x="${EDGE}" y="34">${escape(title)}</text>`,
    `<text x="${EDGE}" y="58">${escape(subtitle)}</text>`,
    ...values.flatMap(({ name, value }, index) => {
      const y = TOP + ROW * index;
      const width = Math.max(2, value * scale);
      return [
        `<text x="${EDGE}" y="${y + 15}">${escape(name)}</text>`,
        `<rect class="${index === 0 ? 'own' : 'other'}" x="${EDGE}" y="${y + 22}" width="${width.toFixed(1)}" height="${BAR}" rx="3"/>`,
        `<text x="${(EDGE + 8 + width).toFixed(1)}" y="${y + 37}">${format(value)} ${unit}</text>`,
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

function format(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
