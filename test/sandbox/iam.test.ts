import { Role, type Statement } from '../../sandbox';

function allows(statements: Statement[], action: string, resource: string): boolean {
  const role = new Role('r', 'arn:aws:iam::111111111111:role/r', 'key');
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
  ['a question mark', [{ Effect: 'Allow', Action: 'cloudfront:Get?nvalidation', Resource: '*' }], true],
  ['a dot, which is no wildcard', [{ Effect: 'Allow', Action: 'cloudfront.GetInvalidation', Resource: '*' }], false],
  ['a condition that holds', [allowIf({ StringEquals: { 'aws:PrincipalAccount': ['2', '111111111111'] } })], true],
  ['a condition that does not', [allowIf({ StringEquals: { 'aws:PrincipalAccount': '2' } })], false],
  ['wildcards in StringLike', [allowIf({ StringLike: { 'aws:PrincipalAccount': '1*1' } })], true],
  ['no wildcards in StringEquals', [allowIf({ StringEquals: { 'aws:PrincipalAccount': '1*1' } })], false],
  ['ArnLike', [allowIf({ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/r' } })], true],
  ['ArnEquals, of which both must hold', [allowIf({ ArnEquals: { 'aws:PrincipalArn': '*' }, StringEquals: { 'aws:PrincipalAccount': '2' } })], false],
  ['a condition of a statement about something else', [
    { Effect: 'Deny', Action: 'kms:*', Resource: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
    { Effect: 'Allow', Action: '*', Resource: '*' },
  ], true],
])('%s', (_, statements, expected) => {
  expect(allows(statements, 'cloudfront:GetInvalidation', ARN)).toBe(expected);
});

test.each([
  [allowIf({ Bool: {} }), 'judges conditions with StringEquals'],
  [allowIf({ StringEquals: { 'aws:SourceVpc': 'vpc-1' } }), 'on aws:PrincipalArn, aws:PrincipalAccount only'],
])('what it cannot judge it does not judge: %j', (statement, message) => {
  expect(() => allows([statement], 'a:b', 'c')).toThrow(message);
});

test('NotAction is refused, not ignored', () => {
  const [statement] = JSON.parse('[{ "Effect": "Deny", "NotAction": "a:b", "Resource": "*" }]') as Statement[];
  expect(() => allows([statement], 'a:b', 'c')).toThrow('no NotAction');
});

function allowIf(condition: object): Statement {
  return { Effect: 'Allow', Action: '*', Resource: '*', Condition: condition };
}
