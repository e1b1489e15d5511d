import { CloudFrontClient, CreateInvalidationCommand } from '@aws-sdk/client-cloudfront';
import { AssumeRoleCommand, STSClient, type AssumeRoleCommandInput } from '@aws-sdk/client-sts';
import { Sandbox, type Role, type Statement, type TrustStatement } from '../../sandbox';

const [OWN, OTHER] = ['123456789012', '210987654321'];

let sandbox: Sandbox;
let caller: Role;

beforeEach(async () => {
  sandbox = await Sandbox.start({ timeScale: 100 });
  caller = sandbox.addRole('caller', [allow('*')]);
});
afterEach(() => sandbox.stop());

function allow(resource: string): Statement {
  return { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: resource };
}

function trust(principal: string, condition?: object): TrustStatement {
  return { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: principal }, Condition: condition };
}

/** Deploys a role that trusts whom the statements name, and returns its ARN. */
function givenRole(statements: readonly TrustStatement[], account = OTHER): string {
  const template = {
    Resources: {
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: {
          RoleName: 'target',
          AssumeRolePolicyDocument: { Statement: statements },
          Policies: [{ PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'cloudfront:*', Resource: '*' }] } }],
        },
      },
    },
  };
  sandbox.deploy(template, { stackName: 'Stack', assetsDirectory: '.', account });
  return `arn:aws:iam::${account}:role/target`;
}

function assume(roleArn: string, input: Partial<AssumeRoleCommandInput> = {}, role = caller) {
  const client = new STSClient({
    endpoint: sandbox.sts.endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: role.accessKeyId, secretAccessKey: 'secret', sessionToken: 'token' },
    maxAttempts: 1,
  });
  return client.send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'session', ...input }));
}

test('an answer is what the SDK\'s own model says it is', async () => {
  const { Credentials, AssumedRoleUser } = await assume(givenRole([trust(caller.arn)]), { DurationSeconds: 900 });
  expect(Credentials).toEqual({
    AccessKeyId: expect.stringMatching(/^ASIA/), SecretAccessKey: expect.any(String), SessionToken: expect.any(String), Expiration: expect.any(Date),
  });
  expect(Math.abs(Credentials!.Expiration!.getTime() - sandbox.clock.now() - 900_000)).toBeLessThan(300_000);
  expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${OTHER}:assumed-role/target/session`);
});

describe('both sides must agree', () => {
  const byRole = trust(`arn:aws:iam::${OWN}:role/caller`);
  const byAccount = trust(`arn:aws:iam::${OWN}:root`);

  test.each<[string, boolean, { trusts: TrustStatement[]; may?: Statement[]; account?: string; externalId?: string }]>([
    ['the role is trusted', true, { trusts: [byRole] }],
    ['the account is trusted', true, { trusts: [byAccount] }],
    ['the account is trusted by its number', true, { trusts: [trust(OWN)] }],
    ['everybody is trusted', true, { trusts: [{ ...byRole, Principal: '*' }] }],
    ['another role is trusted', false, { trusts: [trust(`arn:aws:iam::${OWN}:role/other`)] }],
    ['another account is trusted', false, { trusts: [trust('111111111111')] }],
    ['a service is trusted', false, { trusts: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: {} }] }],
    ['another action is allowed', false, { trusts: [{ ...byRole, Action: 'sts:TagSession' }] }],
    ['trusted, and denied beside', false, { trusts: [byRole, { ...byAccount, Effect: 'Deny' }] }],
    ['trusted, and not allowed by the caller\'s own policy', false, { trusts: [byRole], may: [] }],
    ['trusted, and allowed for another role', false, { trusts: [byRole], may: [allow(`arn:aws:iam::${OTHER}:role/other`)] }],
    ['in one account, the trust of the role is enough', true, { trusts: [byRole], may: [], account: OWN }],
    ['in one account, the trust of the account is not', false, { trusts: [byAccount], may: [], account: OWN }],
    ['in one account, a deny is a deny', false, { trusts: [byRole], may: [{ ...allow('*'), Effect: 'Deny' }], account: OWN }],
    ['the external id', true, { trusts: [trust(OWN, { StringEquals: { 'sts:ExternalId': 'id' } })], externalId: 'id' }],
    ['another external id', false, { trusts: [trust(OWN, { StringEquals: { 'sts:ExternalId': 'id' } })], externalId: 'di' }],
    ['no external id', false, { trusts: [trust(OWN, { StringEquals: { 'sts:ExternalId': 'id' } })] }],
    ['an external id that nobody asked for', true, { trusts: [byRole], externalId: 'id' }],
    ['the account is trusted for this role only', true, { trusts: [trust(OWN, { ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${OWN}:role/caller` } })] }],
    ['the account is trusted for another role only', false, { trusts: [trust(OWN, { ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${OWN}:role/other` } })] }],
  ])('%s: %s', async (_, allowed, { trusts, may, account, externalId }) => {
    const role = may === undefined ? caller : sandbox.addRole('caller', may);
    const answer = assume(givenRole(trusts, account), { ExternalId: externalId }, role);
    await (allowed ? expect(answer).resolves.toBeDefined() : expect(answer).rejects.toMatchObject({
      name: 'AccessDenied', $metadata: { httpStatusCode: 403 }, message: expect.stringContaining('is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::'),
    }));
  });

  test('a role that does not exist', async () => {
    await expect(assume(`arn:aws:iam::${OTHER}:role/nobody`)).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('an explicit deny of the caller\'s side is named, as AWS does', async () => {
    caller.statements.push({ ...allow('*'), Effect: 'Deny' });
    await expect(assume(givenRole([trust(caller.arn)]))).rejects.toThrow('with an explicit deny in an identity-based policy');
  });
});

test.each([
  [{ RoleSessionName: 'x' }, 'RoleSessionName'],
  [{ RoleSessionName: 'a/b' }, 'RoleSessionName'],
  [{ RoleSessionName: 'x'.repeat(65) }, 'RoleSessionName'],
  [{ DurationSeconds: 899 }, 'DurationSeconds'],
  [{ DurationSeconds: 3601 }, 'DurationSeconds'],
  [{ ExternalId: 'x' }, 'ExternalId'],
])('a request that AWS would refuse is refused: %j', async (input, member) => {
  await expect(assume(givenRole([trust(caller.arn)]), input)).rejects.toMatchObject({ name: 'ValidationError', message: expect.stringContaining(member) });
});

describe('the credentials', () => {
  /** What invalidates with the role's credentials. */
  async function givenCaller(sessionToken = (token: string) => token): Promise<() => Promise<unknown>> {
    const { Credentials } = await assume(givenRole([trust(caller.arn)]), { DurationSeconds: 900 });
    const client = new CloudFrontClient({
      endpoint: sandbox.cloudFront.endpoint,
      region: 'eu-west-1',
      credentials: { accessKeyId: Credentials!.AccessKeyId!, secretAccessKey: 'secret', sessionToken: sessionToken(Credentials!.SessionToken!) },
      maxAttempts: 1,
    });
    const batch = { CallerReference: 'r', Paths: { Quantity: 1, Items: ['/*'] } };
    return () => client.send(new CreateInvalidationCommand({ DistributionId: 'E1', InvalidationBatch: batch }));
  }

  test('are the role\'s, in its own account', async () => {
    sandbox.cloudFront.addDistribution({ id: 'E1', account: OTHER });
    const invalidate = await givenCaller();
    await expect(invalidate()).resolves.toMatchObject({ Invalidation: { Status: 'InProgress' } });
    expect(sandbox.requests.at(-1)).toMatchObject({ principal: 'target' });
  });

  test('do not reach a distribution of the caller\'s account', async () => {
    sandbox.cloudFront.addDistribution({ id: 'E1', account: OWN });
    const invalidate = await givenCaller();
    await expect(invalidate()).rejects.toMatchObject({ name: 'NoSuchDistribution' });
  });

  test('are worth nothing without their token', async () => {
    const invalidate = await givenCaller(() => 'another');
    await expect(invalidate()).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
  });

  test('expire', async () => {
    await sandbox.stop();
    sandbox = await Sandbox.start({ timeScale: 500 });
    caller = sandbox.addRole('caller', [allow('*')]);
    sandbox.cloudFront.addDistribution({ id: 'E1', account: OTHER });
    const invalidate = await givenCaller();
    await sandbox.clock.sleep(901_000);
    await expect(invalidate()).rejects.toMatchObject({ name: 'ExpiredToken' });
  }, 30_000);
});
