import * as fc from 'fast-check';
import { select } from '../../../src/handler/freshness/select';

const isIndex = (file: string) => file.endsWith('index.html');

test('index documents come first, the site\'s own before others; then HTML, then the rest', () => {
  const files = ['style.css', 'a/index.html', 'index.html', 'about.HTM', 'a/post.html', 'logo.svg'];
  const selected = select(files, isIndex, 6, 'seed');
  expect(selected.slice(0, 2)).toEqual(['index.html', 'a/index.html']);
  expect(selected.slice(2, 4).sort()).toEqual(['a/post.html', 'about.HTM']);
  expect(selected.slice(4).sort()).toEqual(['logo.svg', 'style.css']);
});

test('pages are spread over the directories', () => {
  const files = ['a', 'b', 'c'].flatMap(directory => Array.from({ length: 100 }, (_, index) => `${directory}/${index}.html`));
  const directories = select(files, isIndex, 6, 'seed').map(file => file[0]).sort();
  expect(directories).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
});

test('another seed selects others', () => {
  const files = Array.from({ length: 1_000 }, (_, index) => `${index}.html`);
  expect(select(files, isIndex, 10, 'one')).not.toEqual(select(files, isIndex, 10, 'two'));
});

test('the same ones each time, each once, as many as there are', () => {
  const files = fc.uniqueArray(fc.array(fc.constantFrom('a', 'b', 'index.html', 'c.html', 'd.css'), { minLength: 1, maxLength: 4 }).map(parts => parts.join('/')));
  fc.assert(fc.property(files, fc.integer({ min: 1, max: 50 }), fc.string(), (all, count, seed) => {
    const selected = select(all, isIndex, count, seed);
    expect(new Set(selected).size).toBe(Math.min(count, all.length));
    expect(selected.every(file => all.includes(file))).toBe(true);
    expect(select([...all].reverse(), isIndex, count, seed)).toEqual(selected);
    const indexes = all.filter(isIndex).length;
    expect(selected.filter(isIndex)).toHaveLength(Math.min(indexes, count));
  }));
});
