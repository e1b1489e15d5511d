import { readFileSync, writeFileSync } from 'fs';
import { join } from 'path';

const DOCUMENT = join(__dirname, '..', '..', 'docs', 'reliability.md');

/** With `--write`, puts a section into docs/reliability.md, in place of the one of that title. */
export function writeSection(title: string, text: string): void {
  if (!process.argv.includes('--write')) {
    return;
  }
  const [introduction, ...sections] = readFileSync(DOCUMENT, 'utf8').split(/^(?=## )/m);
  const section = `## ${title}\n\n${text.trim()}\n`;
  const index = sections.findIndex(each => each.startsWith(`## ${title}\n`));
  sections.splice(index === -1 ? sections.length : index, index === -1 ? 0 : 1, section);
  writeFileSync(DOCUMENT, [introduction, ...sections].map(each => each.trim()).join('\n\n') + '\n');
}
