import { KINDS, PARTS, PATHS, PLACES, combinations, nameOfCombination, reasonAgainst, type Combination } from './combinations/combination';
import { questions } from './combinations/judge';
import { synthesize } from './combinations/synthesize';
import { Role, type Statement } from '../sandbox/iam';

/** Of all combinations, which `npx projen combinations` tries: each kind of pipeline in each place, and each kind of paths with a function elsewhere. */
const SOME = [...combinations()].filter(({ kind, paths, place, stacks }) => {
  const letters = PARTS.map(part => stacks[part]).join('');
  return letters === 'ABCBB' && paths === 'all'
    || letters === 'ABBBB' && place === 'one Region' && kind === 'Pipeline'
    || letters === 'ABCBB' && place === 'function in us-east-1' && kind === 'Pipeline' && paths !== 'of';
});

test('there is one of each kind', () => {
  expect(new Set(SOME.map(({ kind }) => kind))).toEqual(new Set(KINDS));
  expect(new Set(SOME.map(({ paths }) => paths))).toEqual(new Set(PATHS));
  expect(new Set(SOME.map(({ place }) => place))).toEqual(new Set(PLACES));
});

test.each(SOME.map(combination => [nameOfCombination(combination), combination] as const))('%s', async (_, combination) => {
  let asked = 0;
  expect(await synthesize(combination, {}, assembly => {
    expectJudged(combination, assembly);
    asked++;
  })).toBeUndefined();
  expect(asked).toBe(reasonAgainst(combination) === undefined ? 1 : 0);
});

/** What the sandbox's IAM says of identity policies, and of a function's policy for a role. */
function expectJudged(combination: Combination, assembly: string): void {
  const wrong = [...questions(combination, assembly)].filter(({ role: { arn, policies }, action, resource, resourcePolicy, expected }) => {
    const role = new Role('role', arn, 'AKIA');
    role.statements.push(...policies.flatMap(policy => (policy as { Statement: Statement[] }).Statement));
    const admitted = action === 'lambda:InvokeFunction' && JSON.stringify(resourcePolicy ?? {}).includes(`"AWS":"${arn}"`);
    return (role.allows(action, resource) || admitted) !== (expected === 'Allowed');
  });
  expect(wrong.map(({ role: { arn }, action, resource, expected }) => `${arn} ${action} ${resource} ${expected}`)).toEqual([]);
}
