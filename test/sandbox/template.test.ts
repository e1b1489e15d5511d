import { DeployedTemplate } from '../../sandbox';

const ENVIRONMENT = { account: '123456789012', region: 'eu-west-1', stackName: 'Stack', exports: new Map<string, string>() };

function resolve(value: unknown, template: object = {}): unknown {
  return new DeployedTemplate({ Resources: { Fn: { Type: 'AWS::Lambda::Function' }, Role: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'r' } } }, ...template }, ENVIRONMENT)
    .resolve(value);
}

test.each([
  [{ Ref: 'AWS::AccountId' }, '123456789012'],
  [{ Ref: 'AWS::Region' }, 'eu-west-1'],
  [{ Ref: 'Fn' }, 'Stack-Fn'],
  [{ 'Fn::GetAtt': ['Fn', 'Arn'] }, 'arn:aws:lambda:eu-west-1:123456789012:function:Stack-Fn'],
  [{ 'Fn::GetAtt': 'Role.Arn' }, 'arn:aws:iam::123456789012:role/r'],
  [{ 'Fn::Join': ['-', ['a', { Ref: 'AWS::Region' }]] }, 'a-eu-west-1'],
  [{ 'Fn::Sub': '${AWS::Region}/${Role.Arn}/${Fn}/${!Literal}' }, 'eu-west-1/arn:aws:iam::123456789012:role/r/Stack-Fn/${!Literal}'],
  [{ 'Fn::Sub': ['${Own}', { Own: { Ref: 'Fn' } }] }, 'Stack-Fn'],
  [{ 'Fn::Select': [1, { 'Fn::Split': [',', 'a,b'] }] }, 'b'],
  [{ a: { Ref: 'AWS::NoValue' }, b: 1 }, { b: 1 }],
  [[{ Ref: 'AWS::NoValue' }, 'x'], ['x']],
])('%j → %j', (value, expected) => {
  expect(resolve(value)).toEqual(expected);
});

test('conditions choose values and resources', () => {
  const template = {
    Conditions: { Yes: { 'Fn::Equals': ['a', 'a'] }, No: { 'Fn::Not': [{ Condition: 'Yes' }] } },
    Resources: { A: { Type: 'AWS::S3::Bucket', Condition: 'No' }, B: { Type: 'AWS::S3::Bucket', Condition: 'Yes' } },
  };
  expect(resolve({ 'Fn::If': ['Yes', 1, 2] }, template)).toBe(1);
  expect(new DeployedTemplate(template, ENVIRONMENT).resources.map(({ logicalId }) => logicalId)).toEqual(['B']);
});

test('one stack imports what another exports', () => {
  new DeployedTemplate({ Outputs: { Id: { Value: 'E1', Export: { Name: 'Website:Id' } } } }, ENVIRONMENT);
  expect(resolve({ 'Fn::ImportValue': 'Website:Id' })).toBe('E1');
  expect(() => resolve({ 'Fn::ImportValue': 'Website:Other' })).toThrow('No stack of the sandbox exports Website:Other');
});

test('what is not known is said', () => {
  expect(() => resolve({ Ref: 'Nothing' })).toThrow('refers to Nothing');
  expect(() => resolve({ 'Fn::Cidr': [] })).toThrow('does not know Fn::Cidr');
});
