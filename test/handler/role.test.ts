import { createServer, type Server } from 'http';
import type { AddressInfo } from 'net';
import { CloudFrontClient, CreateInvalidationCommand } from '@aws-sdk/client-cloudfront';
import * as fc from 'fast-check';
import { Sandbox, type FaultKind, type TrustStatement } from '../../sandbox';
import type { DistributionRole } from '../../src/contract';
import { Busy, Failure } from '../../src/handler/failure';
import { assume, sessionNameOf } from '../../src/handler/role';
import { givenClients } from '../given-clients';

const JOB = '11111111-abcd-11ab-abcd-11111abcdef1';

describe('the name of a session', () => {
  test.each([
    ['website', `website-${JOB}`],
    ['a'.repeat(27), `${'a'.repeat(27)}-${JOB}`],
    ['a'.repeat(28), `${'a'.repeat(27)}-${JOB}`],
    ['a'.repeat(100), `${'a'.repeat(27)}-${JOB}`],
    ['a b/c', `a-b-c-${JOB}`],
    ['A_z0+=,.@-', `A_z0+=,.@--${JOB}`],
    ['', `-${JOB}`],
  ])('the session of pipeline %j is %s', (pipelineName, sessionName) => {
    expect(sessionNameOf(pipelineName, JOB)).toBe(sessionName);
  });

  test.each([
    ['1', 'website-1'],
    [`${JOB}-and-more`, `website-${JOB}`],
    ['job/1', 'website-job-1'],
  ])('with the job %s, the session is %s', (jobId, sessionName) => {
    expect(sessionNameOf('website', jobId)).toBe(sessionName);
  });

  test('a short ID of a job leaves more of the name to the pipeline', () => {
    expect(sessionNameOf('a'.repeat(100), '12345')).toBe(`${'a'.repeat(58)}-12345`);
  });

  test('whatever the names, STS takes the session\'s', () => {
    fc.assert(fc.property(fc.string(), fc.string({ minLength: 1 }), (pipelineName, jobId) => {
      expect(sessionNameOf(pipelineName, jobId)).toMatch(/^[\w+=,.@-]{2,64}$/);
    }));
  });
});

describe('a role that is assumed', () => {
  const [OWN, OTHER] = ['123456789012', '210987654321'];
  const ROLE: DistributionRole = { arn: `arn:aws:iam::${OTHER}:role/target`, pipelineName: 'website' };

  let sandbox: Sandbox;
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);

  beforeEach(async () => {
    sandbox = await Sandbox.start();
    givenClients(sandbox, 'sts:AssumeRole');
    delete process.env.AWS_LAMBDA_FUNCTION_NAME;
    givenTrust();
  });

  afterEach(() => sandbox.stop());

  afterAll(() => write.mockRestore());

  /** Deploys the role to the other account, where it trusts the function's. */
  function givenTrust(condition?: object): void {
    const principal = { AWS: `arn:aws:iam::${OWN}:role/function` };
    const trust: TrustStatement = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: principal, Condition: condition };
    const policy = { PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'cloudfront:*', Resource: '*' }] } };
    const properties = { RoleName: 'target', AssumeRolePolicyDocument: { Statement: [trust] }, Policies: [policy] };
    const template = { Resources: { Role: { Type: 'AWS::IAM::Role', Properties: properties } } };
    sandbox.deploy(template, { stackName: 'Stack', assetsDirectory: '.', account: OTHER });
  }

  const soon = (milliseconds = 10_000) => Date.now() + milliseconds;
  const inputs = () => sandbox.requests.map(({ input }) => input);
  const lines = () => write.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
  const errorOf = (role: DistributionRole, deadline = soon()) => assume(role, JOB, deadline).then(() => undefined, (error: unknown) => error);

  async function expectNoConnection(): Promise<void> {
    // A connection is gone a moment after the client has closed it. One that is left open stays for a minute.
    for (const end = soon(2_000); sandbox.sts.connections > 0 && Date.now() < end;) {
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    expect(sandbox.sts.connections).toBe(0);
  }

  test('gives credentials that invalidate in its own account', async () => {
    const credentials = await assume(ROLE, JOB, soon());
    expect(credentials).toEqual({
      accessKeyId: expect.stringMatching(/^ASIASESSION/),
      secretAccessKey: expect.stringMatching(/^.{40}$/),
      sessionToken: expect.stringMatching(/^.{160}$/),
    });
    const { invalidations } = sandbox.cloudFront.addDistribution({ id: 'E1', account: OTHER });
    const client = new CloudFrontClient({ endpoint: sandbox.cloudFront.endpoint, region: 'eu-west-1', credentials: { ...credentials } });
    const batch = { CallerReference: 'r', Paths: { Quantity: 1, Items: ['/*'] } };
    await client.send(new CreateInvalidationCommand({ DistributionId: 'E1', InvalidationBatch: batch }));
    client.destroy();
    expect(invalidations).toHaveLength(1);
    expect(sandbox.requests).toMatchObject([
      { operation: 'AssumeRole', principal: 'function' }, { operation: 'CreateInvalidation', principal: 'target' },
    ]);
  });

  test('has the shortest session there is, named after the pipeline and the job, and no external ID that nobody set', async () => {
    await assume(ROLE, JOB, soon());
    expect(inputs()).toEqual([{ RoleArn: ROLE.arn, RoleSessionName: `website-${JOB}`, DurationSeconds: 900 }]);
  });

  test('is asked for with the external ID that it requires', async () => {
    sandbox.role('target').trust.splice(0);
    givenTrust({ StringEquals: { 'sts:ExternalId': 'blog' } });
    await expect(errorOf({ ...ROLE, externalId: 'website' })).resolves.toMatchObject({ type: 'PermissionError' });
    await assume({ ...ROLE, externalId: 'blog' }, JOB, soon());
    expect(inputs().at(-1)).toMatchObject({ ExternalId: 'blog' });
  });

  test.each([
    ['website', 'function-name', `website-${JOB}`],
    [undefined, 'function-name', `function-name-${JOB}`],
    [undefined, undefined, `-${JOB}`],
  ])('for pipeline %s, the session of function %s is %s', async (pipelineName, functionName, sessionName) => {
    if (functionName !== undefined) {
      process.env.AWS_LAMBDA_FUNCTION_NAME = functionName;
    }
    await assume({ arn: ROLE.arn, pipelineName }, JOB, soon());
    expect(inputs()).toMatchObject([{ RoleSessionName: sessionName }]);
  });

  test('has a line in the log, with the session to look for in CloudTrail and without its credentials', async () => {
    await assume(ROLE, JOB, soon());
    expect(lines()).toEqual([
      { timestamp: expect.any(String), level: 'INFO', message: 'Role assumed', roleArn: ROLE.arn, sessionName: `website-${JOB}` },
    ]);
  });

  test('leaves no connection open', async () => {
    await assume(ROLE, JOB, soon());
    await expectNoConnection();
  });

  test('leaves no connection open if it was refused', async () => {
    sandbox.role('target').trust.splice(0);
    expect(await errorOf(ROLE)).toBeInstanceOf(Failure);
    await expectNoConnection();
  });

  test('is not assumed if no time is left', async () => {
    const error = await errorOf(ROLE, soon(0));
    expect(error).toBeInstanceOf(Busy);
    expect(error).toMatchObject({ type: 'SystemUnavailable', message: expect.stringContaining('no time was left for the call') });
    expect(sandbox.requests).toEqual([]);
  });

  test('is waited for no longer than there is time, and may be asked for again', async () => {
    sandbox.faults.add({ service: 'sts', operation: 'AssumeRole', fault: { hang: 'before' } });
    expect(await errorOf(ROLE, soon(200))).toBeInstanceOf(Busy);
    await expect(assume(ROLE, JOB, soon())).resolves.toHaveProperty('sessionToken');
  });

  test.each<[string, FaultKind]>([
    ['throttled', { throttle: true }],
    ['503', { error: 'ServiceUnavailable', status: 503 }],
    ['a reset', { reset: 'before' }],
    ['a body that is no XML', { malformed: true }],
  ])('may be asked for again, which its caller does and not the client: %s', async (_, fault) => {
    sandbox.faults.add({ service: 'sts', operation: 'AssumeRole', fault });
    const error = await errorOf(ROLE);
    expect(error).toBeInstanceOf(Busy);
    expect(error).toMatchObject({
      type: 'SystemUnavailable', message: expect.stringContaining(`STS did not answer AssumeRole for the role ${ROLE.arn}`),
    });
    expect(sandbox.requests).toHaveLength(1);
    expect(lines()).toEqual([]);
    await expect(assume(ROLE, JOB, soon())).resolves.toHaveProperty('sessionToken');
  });

  test('that may not be assumed fails, and the failure names the external ID that was sent', async () => {
    sandbox.role('target').trust.splice(0);
    const error = await errorOf({ ...ROLE, externalId: 'website' });
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({
      type: 'PermissionError',
      message: expect.stringMatching(/^Not allowed to assume the role arn:\S+\/target: AccessDenied: .* requires the external ID 'website'/),
    });
    expect(sandbox.requests).toHaveLength(1);
    expect(lines()).toEqual([]);
  });

  describe('by an answer that lacks', () => {
    const WHOLE = { AccessKeyId: 'ASIA', SecretAccessKey: 'secret', SessionToken: 'token' };
    let server: Server;
    let answer: string;

    beforeEach(async () => {
      server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/xml' }).end(answer));
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      process.env.AWS_ENDPOINT_URL_STS = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });

    afterEach(async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    });

    function givenAnswer(credentials: Partial<typeof WHOLE> | undefined): void {
      const members = Object.entries(credentials ?? {}).map(([name, value]) => `<${name}>${value}</${name}>`).join('');
      const element = credentials === undefined ? '' : `<Credentials>${members}<Expiration>2030-01-01T00:00:00Z</Expiration></Credentials>`;
      answer = `<AssumeRoleResponse><AssumeRoleResult>${element}</AssumeRoleResult></AssumeRoleResponse>`;
    }

    test('nothing, its credentials are taken', async () => {
      givenAnswer(WHOLE);
      await expect(assume(ROLE, JOB, soon())).resolves.toEqual({ accessKeyId: 'ASIA', secretAccessKey: 'secret', sessionToken: 'token' });
    });

    test.each<[string, Partial<typeof WHOLE> | undefined]>([
      ['all credentials', undefined],
      ['the access key', { ...WHOLE, AccessKeyId: undefined }],
      ['the secret', { ...WHOLE, SecretAccessKey: undefined }],
      ['the session token', { ...WHOLE, SessionToken: undefined }],
    ])('%s, nothing is taken, and it may be asked for again', async (_, credentials) => {
      givenAnswer(credentials && Object.fromEntries(Object.entries(credentials).filter(([, value]) => value !== undefined)));
      const error = await errorOf(ROLE);
      expect(error).toBeInstanceOf(Busy);
      expect(error).toMatchObject({ message: expect.stringContaining('the response has no credentials') });
      expect(lines()).toEqual([]);
    });
  });
});
