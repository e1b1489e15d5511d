import * as fc from 'fast-check';
import { holdsVariable, namespaceOf } from '../../src/private/variables';

test.each([
  ['#{variables.release}', true],
  ['/a/#{ns.key}/*', true],
  ['#tag', false],
  ['#{', false],
  ['#{}', false],
  ['/a', false],
])('%s holds a variable: %p', (text, expected) => {
  expect(holdsVariable(text)).toBe(expected);
});

test('what is no text holds none', () => {
  expect(holdsVariable(undefined)).toBe(false);
});

test('a namespace that CodePipeline takes is CDK\'s own', () => {
  expect(namespaceOf('Deploy', 'Invalidate')).toBe('Deploy_Invalidate_NS');
});

test('whatever the names, CodePipeline takes the namespace, and other names give another one', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9.@_-]{1,100}$/);
  fc.assert(fc.property(name, name, name, (stage, action, other) => {
    expect(namespaceOf(stage, action)).toMatch(/^[A-Za-z0-9@_-]{1,100}$/);
    fc.pre(action !== other);
    expect(namespaceOf(stage, action)).not.toBe(namespaceOf(stage, other));
  }));
});

test.each([
  ['St.age', 'St_age_Invalidate_NS_'],
  ['a'.repeat(90), 'a'.repeat(90)],
])('what CodePipeline does not take of the stage name %s is replaced', (stage, start) => {
  const namespace = namespaceOf(stage, 'Invalidate');
  expect(namespace).toMatch(/_[0-9a-f]{8}$/);
  expect(namespace.startsWith(start)).toBe(true);
});
