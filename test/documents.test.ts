import { existsSync, readdirSync, readFileSync } from 'fs';
import { dirname, join } from 'path';

const ROOT = join(__dirname, '..');
const DOCUMENTS = [...filesOf('docs', '.md'), ...filesOf('examples', 'README.md'), 'CONTRIBUTING.md', 'SECURITY.md'];
const REPOSITORY = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).repository.url.replace(/^git\+|\.git$/g, '') as string;

test.each(DOCUMENTS)('%s: every link leads somewhere', document => {
  const links = linksOf(document).filter(link => !link.includes('://')).map(link => resolved(dirname(document), link));
  expect(links.filter(isBroken)).toEqual([]);
});

test('README.md: every link into the repository leads somewhere', () => {
  const inside = linksOf('README.md').flatMap(link => {
    const [, path] = new RegExp(`^${REPOSITORY}/(?:blob|tree)/main/(.*)$`).exec(link) ?? [];
    return path === undefined ? [] : [path];
  });
  expect(inside.length).toBeGreaterThan(10);
  expect(inside.filter(isBroken)).toEqual([]);
});

test('docs/monitoring.md has every line that the function logs, and no other', () => {
  const lines = filesOf('src/handler', '.ts').flatMap(file => readFileSync(join(ROOT, file), 'utf8').split('\n'));
  const logged = lines.filter(line => line.includes(' log(')).flatMap(line => [...line.matchAll(/['`]([A-Z]\w+ [^'`]*)['`]/g)].map(([, message]) => message));
  const table = /## What the log says[\s\S]*?\n## /.exec(readFileSync(join(ROOT, 'docs', 'monitoring.md'), 'utf8'))![0];
  const documented = [...table.matchAll(/^\| `([^`]*)` \| (?:INFO|WARN|ERROR)/gm)].map(([, message]) => message);
  expect(documented.sort()).toEqual(logged.map(message => message.replaceAll(/\$\{\w+\}/g, '…')).sort());
});

function linksOf(document: string): string[] {
  const text = readFileSync(join(ROOT, document), 'utf8').replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
}

function resolved(folder: string, link: string): string {
  const [path, anchor] = link.split('#');
  return `${path === '' ? '' : join(folder, path)}${anchor === undefined ? '' : `#${anchor}`}`;
}

function isBroken(link: string): boolean {
  const [path, anchor] = link.split('#');
  if (path !== '' && !existsSync(join(ROOT, path))) {
    return true;
  }
  return anchor !== undefined && path.endsWith('.md') && !anchorsOf(path).includes(anchor);
}

function anchorsOf(document: string): string[] {
  return [...readFileSync(join(ROOT, document), 'utf8').matchAll(/^#+ (.*)$/gm)]
    .map(([, heading]) => heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'));
}

function filesOf(folder: string, end: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith(end) && !/(node_modules|cdk\.out)/.test(file))
    .map(file => `${folder}/${file}`)
    .sort();
}
