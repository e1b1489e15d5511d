import { Role, type Statement } from '../../sandbox';

function allows(statements: Statement[], action: string, resource: string): boolean {
  const role = new Role('r', 'arn:aws:iam::1:role/r', 'key');
  role.statements.push(...statements);
  return role.allows(action, resource);
}

const ARN = 'arn:aws:cloudfront::1:distribution/E1';

test.each<[string, Statement[], boolean]>([
  ['nothing', [], false],
  ['the action on the resource', [{ Effect: 'Allow', Action: 'cloudfront:GetInvalidation', Resource: ARN }], true],
  ['another action', [{ Effect: 'Allow', Action: 'cloudfront:ListInvalidations', Resource: ARN }], false],
  ['another resource', [{ Effect: 'Allow', Action: 'cloudfront:GetInvalidation', Resource: `${ARN}0` }], false],
  ['a shorter resource', [{ Effect: 'Allow', Action: 'cloudfront:GetInvalidation', Resource: ARN.slice(0, -1) }], false],
  ['lists', [{ Effect: 'Allow', Action: ['a:b', 'cloudfront:getinvalidation'], Resource: ['x', ARN] }], true],
  ['wildcards', [{ Effect: 'Allow', Action: 'cloudfront:*', Resource: 'arn:aws:cloudfront::?:distribution/*' }], true],
  ['a Deny beside an Allow', [{ Effect: 'Allow', Action: '*', Resource: '*' }, { Effect: 'Deny', Action: 'cloudfront:Get*', Resource: '*' }], false],
])('%s', (_, statements, expected) => {
  expect(allows(statements, 'cloudfront:GetInvalidation', ARN)).toBe(expected);
});

test('what it cannot judge it does not judge', () => {
  expect(() => allows([{ Effect: 'Allow', Action: '*', Resource: '*', Condition: { Bool: {} } }], 'a:b', 'c')).toThrow('judges Action and Resource only');
});
