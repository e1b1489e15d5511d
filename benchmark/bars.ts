interface Chart {
  readonly title: string;
  readonly subtitle: string;
  readonly unit: string;
  /** The first one is ours. */
  readonly values: readonly { readonly name: string; readonly value: number }[];
}

const [WIDTH, LEFT, TOP, ROW, BAR] = [960, 24, 76, 44, 300];

/** A bar for each value, in the colours of the reader's page, light or dark. */
export function bars({ title, subtitle, unit, values }: Chart): string {
  const most = Math.max(...values.map(({ value }) => value));
  const height = TOP + ROW * values.length + 12;
  const scale = (WIDTH - LEFT - BAR - 120 - 24) / most;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
      'font-family="Helvetica, Arial, sans-serif" role="img" aria-labelledby="title">',
    `<title id="title">${escape(title)}: ${escape(values.map(({ name, value }) => `${name} ${format(value)} ${unit}`).join(', '))}</title>`,
    '<style>',
    '.back { fill: #ffffff } .own { fill: #1d8102 } .other { fill: #aab7b8 } text { fill: #545b64; font-size: 14px } ' +
      '.title { fill: #16191f; font-size: 17px; font-weight: bold }',
    '@media (prefers-color-scheme: dark) { .back { fill: #0f1b2a } .own { fill: #6aaf35 } .other { fill: #545b64 } text { fill: #aab7b8 } .title { fill: #f2f3f3 } }',
    '</style>',
    `<rect class="back" width="${WIDTH}" height="${height}" rx="10"/>`,
    `<text class="title" x="${LEFT}" y="32">${escape(title)}</text>`,
    `<text x="${LEFT}" y="54">${escape(subtitle)}</text>`,
    ...values.flatMap(({ name, value }, index) => {
      const y = TOP + ROW * index;
      const width = Math.max(2, value * scale);
      return [
        `<text x="${LEFT}" y="${y + 22}">${escape(name)}</text>`,
        `<rect class="${index === 0 ? 'own' : 'other'}" x="${LEFT + BAR + 40}" y="${y + 4}" width="${width.toFixed(1)}" height="28" rx="3"/>`,
        `<text x="${(LEFT + BAR + 48 + width).toFixed(1)}" y="${y + 23}">${format(value)} ${unit}</text>`,
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
