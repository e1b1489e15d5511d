import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { warningId, WARNINGS } from '../../src/private/warnings';

const ROOT = join(__dirname, '..', '..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

test.each(WARNINGS.map(warningId))('%s is a row of the README\'s table', id => {
  expect(README.split('\n').filter(line => line.startsWith(`| \`${id}\` |`))).toHaveLength(1);
});

test('the table has no other', () => {
  const ids = [...README.matchAll(/^\| `(cdk-cloudfront-invalidation-stage:\w+)` \|/gm)].map(([, id]) => id);
  expect(ids.sort()).toEqual(WARNINGS.map(warningId).sort());
});

test('nobody else warns', () => {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
  const warning = files.filter(file => readFileSync(join(ROOT, 'src', file), 'utf8').includes('addWarning'));
  expect(warning).toEqual([join('private', 'warnings.ts')]);
});
