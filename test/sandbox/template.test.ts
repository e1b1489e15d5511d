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
  [{ 'Fn::Sub': '${AWS::Region}/${Role.Arn}/${Fn}/${!Literal}' }, 'eu-west-1/arn:aws:iam::123456789012:role/r/Stack-Fn/${Literal}'],
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

test('mappings and Base64', () => {
  const template = { Mappings: { Runtimes: { 'eu-west-1': { value: 'nodejs24.x' } } } };
  expect(resolve({ 'Fn::FindInMap': ['Runtimes', { Ref: 'AWS::Region' }, 'value'] }, template)).toBe('nodejs24.x');
  expect(() => resolve({ 'Fn::FindInMap': ['Runtimes', 'us-east-1', 'value'] }, template)).toThrow('has no value of us-east-1 in its mapping Runtimes');
  expect(resolve({ 'Fn::Base64': { Ref: 'AWS::Region' } })).toBe(Buffer.from('eu-west-1').toString('base64'));
});

test.each([
  ['a distribution', { Type: 'AWS::CloudFront::Distribution' }, /^E[A-Z0-9]{13}$/],
  ['a bucket', { Type: 'AWS::S3::Bucket' }, /^stack-it$/],
  ['a function with a name', { Type: 'AWS::Lambda::Function', Properties: { FunctionName: 'mine' } }, /^mine$/],
  ['a managed policy', { Type: 'AWS::IAM::ManagedPolicy' }, /^arn:aws:iam::123456789012:policy\/Stack-It$/],
  ['what is not emulated', { Type: 'AWS::CodeBuild::Project' }, /^Stack-It$/],
])('%s has a plausible physical id', (_, It, expected) => {
  expect(resolve({ Ref: 'It' }, { Resources: { It } })).toEqual(expect.stringMatching(expected));
});

test('long names stay two', () => {
  const names = ['A', 'B'].map(end => `${'Long'.repeat(20)}${end}`);
  const template = { Resources: Object.fromEntries(names.map(name => [name, { Type: 'AWS::Lambda::Function' }])) };
  const [first, second] = names.map(name => String(resolve({ Ref: name }, template)));
  expect(first).not.toBe(second);
  expect([first.length, second.length]).toEqual([64, 64]);
});

test('a role has its path in its ARN', () => {
  const template = { Resources: { R: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'r', Path: '/team/' } } } };
  expect(resolve({ 'Fn::GetAtt': ['R', 'Arn'] }, template)).toBe('arn:aws:iam::123456789012:role/team/r');
});

test('what is not known is said', () => {
  expect(() => resolve({ Ref: 'Nothing' })).toThrow('refers to Nothing');
  expect(() => resolve({ 'Fn::Cidr': [] })).toThrow('does not know Fn::Cidr');
});
