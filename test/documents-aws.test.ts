/** docs/aws.md is honest: what it names is there, and it names what is there. */
import { existsSync, readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { OBSERVATIONS } from './observations/observations';

const ROOT = join(__dirname, '..');

const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');
const codeIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
const holds = (text: string, word: string) => new RegExp(`(?<![\\w-])${word.replace(/\W/g, '\\$&')}(?![\\w-])`).test(text);

const ROWS = read('docs', 'aws.md').split('\n')
  .filter(line => line.startsWith('| ') && !line.startsWith('| Assumption'))
  .map(line => line.slice(2, -2).split(' | '));
const BELIEFS = ROWS.map(([belief, source, code, switches, tests, account]) => ({ belief, source, code, switches, tests, account }));

type Belief = typeof BELIEFS[number];

/** The beliefs of which something does not hold. */
const without = (isRight: (belief: Belief) => boolean) => BELIEFS.filter(belief => !isRight(belief)).map(({ belief }) => belief);

const SANDBOX = readdirSync(join(ROOT, 'sandbox')).map(file => read('sandbox', file)).join('\n');
const OBSERVED = OBSERVATIONS.map(({ name }) => name);

test('a row has six cells', () => {
  expect(ROWS.length).toBeGreaterThan(70);
  expect(ROWS.filter(cells => cells.length !== 6)).toEqual([]);
});

test('a belief has a source: AWS, the field, a standard, a date, or nobody', () => {
  expect(without(({ source }) => /\]\(https:\/\/|^field|\*\*unknown\*\*|^AWS, |^\d{4}-\d{2}-\d{2}/.test(source))).toEqual([]);
});

test('it stands in the code', () => {
  expect(without(({ code }) => {
    const [file, ...symbols] = codeIn(code);
    return symbols.length > 0 && symbols.every(symbol => holds(read('src', file), symbol));
  })).toEqual([]);
});

test('its switches are in the sandbox, and it has one where nobody says how it is', () => {
  expect(without(({ switches, source }) => switches === '—'
    ? !source.includes('**unknown**')
    : codeIn(switches).length > 0 && codeIn(switches).every(name => holds(SANDBOX, name)))).toEqual([]);
});

test('its tests exist', () => {
  expect(without(({ tests }) => {
    const named = [...tests.matchAll(/`([^`]+\.test\.ts)`: "([^"]+)"(?:<br>|$)/g)];
    return named.length > 0 && named.map(([whole]) => whole).join('') === tests &&
      named.every(([, file, name]) => new RegExp(`(test|test\\.concurrent|\\))\\(\\s*'${name.replace(/\W/g, '\\$&')}'`).test(read('test', file)));
  })).toEqual([]);
});

test('it is observed, asserted, or says why not', () => {
  expect(without(({ account }) => /^no: \w/.test(account) || account === '`assertion`' ||
    (codeIn(account).length > 0 && codeIn(account).every(name => OBSERVED.includes(name))))).toEqual([]);
});

test('every observation is about something that is believed', () => {
  const named = BELIEFS.flatMap(({ account }) => codeIn(account));
  expect(OBSERVED.filter(name => !named.includes(name))).toEqual([]);
});

test('every switch of the sandbox is about something that is believed', () => {
  const bodies = ['DistributionSettings', 'DeliverySettings', 'HistorySettings'].map(name => new RegExp(`interface ${name} \\{([^}]*)\\}`).exec(SANDBOX)![1]);
  const switches = bodies.flatMap(body => [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name));
  const named = BELIEFS.flatMap(belief => codeIn(belief.switches));
  expect(switches.length).toBeGreaterThan(15);
  expect(switches.filter(name => !named.includes(name))).toEqual([]);
});

test('what a real account was seen to do is not unknown any more', () => {
  const findings = join(__dirname, 'integration', 'observations.json');
  const found = existsSync(findings) ? (JSON.parse(readFileSync(findings, 'utf8')) as { observations: Record<string, object> }).observations : {};
  const isKnown = (name: string) => name in found && !('notSeen' in found[name]);
  expect(without(({ source, account }) => !source.includes('**unknown**') || !codeIn(account).some(isKnown))).toEqual([]);
});
