import { App, Aws, CfnParameter, Fn, Stack } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { decryptStatement } from '../../src/private/key-grant';
import { artifactStoreOf } from '../../src/private/pipeline';
import { statementsOf } from '../expect';
import { givenIncluded, givenStack } from '../given';

const KEY_ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

/** An ARN of this stack's account and Region. */
function arn(resource: unknown): object {
  const parts = ['arn:', { Ref: 'AWS::Partition' }, ':kms:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }, ':key/'];
  return { 'Fn::Join': ['', typeof resource === 'string' ? [...parts.slice(0, -1), `:key/${resource}`] : [...parts, resource]] };
}

function statementOf(stack: Stack, id: string): object {
  return stack.resolve(decryptStatement(stack, id).toStatementJson());
}

const DECRYPT = { Effect: 'Allow', Action: 'kms:Decrypt' };

describe('the key of an artifact store is admitted by its ARN, whatever names it', () => {
  test('the ARN', () => {
    expect(statementOf(givenStack(), KEY_ARN)).toEqual({ ...DECRYPT, Resource: KEY_ARN });
  });

  test.each(['1234abcd-12ab-34cd-56ef-1234567890ab', 'mrk-1234abcd12ab34cd56ef1234567890ab'])('an id: %s', id => {
    expect(statementOf(givenStack(), id)).toEqual({ ...DECRYPT, Resource: arn(id) });
  });

  test('a Ref of a key, which is its id; and an attribute, which is its ARN', () => {
    const stack = givenStack();
    const key = new kms.CfnKey(stack, 'Key', { keyPolicy: {} });
    const replica = new kms.CfnReplicaKey(stack, 'Replica', { keyPolicy: {}, primaryKeyArn: KEY_ARN });
    expect(statementOf(stack, key.ref)).toEqual({ ...DECRYPT, Resource: arn({ Ref: 'Key' }) });
    expect(statementOf(stack, replica.ref)).toEqual({ ...DECRYPT, Resource: arn({ Ref: 'Replica' }) });
    expect(statementOf(stack, key.attrArn)).toEqual({ ...DECRYPT, Resource: { 'Fn::GetAtt': ['Key', 'Arn'] } });
    expect(statementOf(stack, new kms.Key(stack, 'L2').keyArn)).toEqual({ ...DECRYPT, Resource: { 'Fn::GetAtt': [expect.stringMatching(/^L2/), 'Arn'] } });
  });

  test('an ARN that is put together', () => {
    const stack = givenStack();
    const id = stack.formatArn({ service: 'kms', resource: 'key', resourceName: new CfnParameter(stack, 'KeyId').valueAsString });
    expect(statementOf(stack, id)).toEqual({ ...DECRYPT, Resource: stack.resolve(id) });
  });
});

describe('an alias is admitted by a condition, since IAM takes an alias as a resource for the alias itself', () => {
  test('its ARN: the keys of that account and Region that have the alias', () => {
    expect(statementOf(givenStack(), 'arn:aws:kms:eu-west-1:444455556666:alias/artifacts')).toEqual({
      ...DECRYPT,
      Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':kms:eu-west-1:444455556666:key/*']] },
      Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/artifacts' } },
    });
  });

  test('its name, and a Ref of it', () => {
    const stack = givenStack();
    const alias = new kms.CfnAlias(stack, 'Alias', { aliasName: 'alias/artifacts', targetKeyId: KEY_ARN });
    const condition = (name: unknown) => ({ Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': name } } });
    expect(statementOf(stack, 'alias/artifacts')).toEqual({ ...DECRYPT, Resource: arn('*'), ...condition('alias/artifacts') });
    expect(statementOf(stack, alias.ref)).toEqual({ ...DECRYPT, Resource: arn('*'), ...condition({ Ref: 'Alias' }) });
  });

  test('an ARN that CloudFormation puts together', () => {
    const stack = givenStack();
    const id = Fn.sub('arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:alias/artifacts');
    const part = (index: number) => ({ 'Fn::Select': [index, { 'Fn::Split': [':', stack.resolve(id)] }] });
    expect(statementOf(stack, id)).toEqual({
      ...DECRYPT,
      Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':kms:', part(3), ':', part(4), ':key/*']] },
      Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': part(5) } },
    });
  });
});

describe('what is known only to CloudFormation is an ARN or an id', () => {
  test.each<[string, (stack: Stack) => string]>([
    ['a parameter', stack => new CfnParameter(stack, 'Key').valueAsString],
    ['an import', () => Fn.importValue('ArtifactKey')],
  ])('%s: the id is what stands after the first \':key/\'', (_, idIn) => {
    const stack = givenStack();
    const id = idIn(stack);
    const given = stack.resolve(id);
    expect(statementOf(stack, id)).toEqual({
      ...DECRYPT,
      Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':kms:*:*:key/', { 'Fn::Select': [1, { 'Fn::Split': [':key/', { 'Fn::Join': ['', [given, ':key/', given]] }] }] }]] },
    });
  });

  test.each(['1234abcd', KEY_ARN])('as CloudFormation computes it: %s', given => {
    const [, id] = `${given}:key/${given}`.split(':key/');
    expect(id).toBe(given.replace(/^arn:.*:key\//, ''));
  });
});

test('a template without CDK, whose key is a Ref', () => {
  // GIVEN
  const stack = givenStack();
  const template = givenIncluded(stack, {
    Resources: {
      Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: {} } },
      Pipeline: {
        Type: 'AWS::CodePipeline::Pipeline',
        Properties: {
          RoleArn: 'arn:aws:iam::111122223333:role/r',
          Stages: [],
          ArtifactStore: { Type: 'S3', Location: 'artifacts', EncryptionKey: { Type: 'KMS', Id: { Ref: 'Key' } } },
        },
      },
    },
  });
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() });

  // WHEN
  artifactStoreOf(template.getResource('Pipeline') as codepipeline.CfnPipeline).grantDecrypt?.(role);

  // THEN
  expect(statementsOf(stack, stack.getLogicalId(role.node.defaultChild as iam.CfnRole))).toEqual([{ ...DECRYPT, Resource: arn({ Ref: 'Key' }) }]);
});

describe('of stores for several Regions, that of the pipeline\'s own', () => {
  function storeOf(stack: Stack, ...regions: string[]): object {
    const pipeline = new codepipeline.CfnPipeline(stack, 'Pipeline', {
      roleArn: 'arn:aws:iam::111122223333:role/r',
      stages: [],
      artifactStores: regions.map((region, index) => ({ region, artifactStore: { type: 'S3', location: `artifacts-${index}` } })),
    });
    return stack.resolve(artifactStoreOf(pipeline).objectsArn);
  }

  const objectsOf = (bucket: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:s3:::${bucket}/*`]] });

  test.each([{}, { account: '111122223333', region: 'eu-west-1' }])('which is a Ref of AWS::Region, in a stack with %j', env => {
    expect(storeOf(new Stack(new App(), 'Stack', { env }), 'us-east-1', Aws.REGION)).toEqual(objectsOf('artifacts-1'));
  });

  test('which is the only one', () => {
    expect(storeOf(givenStack(), 'us-east-1')).toEqual(objectsOf('artifacts-0'));
  });

  test('which is not known', () => {
    expect(() => storeOf(givenStack(), 'us-east-1', 'eu-west-1')).toThrow("artifactStore of the pipeline 'Stack/Pipeline' must be known before deployment");
  });
});
