import { createServer, type Server } from 'http';
import type { AddressInfo } from 'net';
import { Sandbox, type Distribution } from '../../sandbox';
import { Invalidations } from '../../src/handler/cloudfront';
import { Busy, Failure } from '../../src/handler/failure';
import type { Target } from '../../src/handler/target';

// The class in the tests' own process. What a job makes of it is in handler.test.ts and faults.test.ts.
const REFERENCE = 'the-reference-of-a-job';

let sandbox: Sandbox;
let distribution: Distribution;
let invalidations: Invalidations;
let count = 0;

beforeAll(async () => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  sandbox = await Sandbox.start();
  process.env.AWS_REGION = 'eu-west-1';
});

afterAll(() => sandbox.stop());

beforeEach(() => {
  distribution = sandbox.cloudFront.addDistribution({ id: `E${++count}` });
  distribution.settings.refusesRepeatedReference = true;
  invalidations = givenInvalidations({ kind: 'distribution', id: distribution.id }, sandbox.cloudFront.endpoint);
  sandbox.requests.splice(0);
});

afterEach(() => invalidations.close());

function givenInvalidations(target: Target, endpoint: string): Invalidations {
  // A client reads it with its first request.
  process.env.AWS_ENDPOINT_URL_CLOUDFRONT = endpoint;
  const { accessKeyId } = sandbox.addRole(`invalidator-${target.id}`, [{ Effect: 'Allow', Action: 'cloudfront:*', Resource: '*' }]);
  return new Invalidations(target, { accessKeyId, secretAccessKey: 'secret', sessionToken: 'token' });
}

const soon = (milliseconds = 10_000) => Date.now() + milliseconds;
const operations = () => sandbox.requests.map(({ operation }) => operation);

/** Invalidations that others have created since. */
function givenNewer(howMany: number): void {
  for (let index = 0; index < howMany; index++) {
    sandbox.cloudFront.invalidate(distribution.id, `other-${index}`, [`/${index}`]);
  }
}

test('an invalidation is created with its paths, and read again', async () => {
  const { Id } = await invalidations.create(REFERENCE, ['/a', '/b*'], soon());
  expect(distribution.invalidations).toMatchObject([{ id: Id, callerReference: REFERENCE, paths: ['/a', '/b*'] }]);
  expect(await invalidations.get(Id!, soon())).toMatchObject({ Id, Status: 'InProgress', InvalidationBatch: { CallerReference: REFERENCE } });
  expect(operations()).toEqual(['CreateInvalidation', 'GetInvalidation']);
});

test('the invalidations of a tenant have calls of their own', async () => {
  const tenant = sandbox.cloudFront.addDistributionTenant({ id: `dt_${count}` });
  tenant.settings.refusesRepeatedReference = true;
  const ofTenant = givenInvalidations({ kind: 'distribution tenant', id: tenant.id }, sandbox.cloudFront.endpoint);
  const { Id } = await ofTenant.create(REFERENCE, ['/*'], soon());
  expect((await ofTenant.create(REFERENCE, ['/*'], soon())).Id).toBe(Id);
  ofTenant.close();
  expect(tenant.invalidations).toMatchObject([{ id: Id, callerReference: REFERENCE, paths: ['/*'] }]);
  expect(operations()).toEqual([
    'CreateInvalidationForDistributionTenant', 'CreateInvalidationForDistributionTenant', 'ListInvalidationsForDistributionTenant',
    'GetInvalidationForDistributionTenant',
  ]);
});

describe('a caller reference that was used before', () => {
  test.each([
    [0, 1, 1], [99, 1, 100], [100, 2, 101], [499, 5, 500],
  ])('is found behind %d newer ones, with %d lists and %d reads', async (newer, lists, reads) => {
    const { Id } = await invalidations.create(REFERENCE, ['/*'], soon());
    givenNewer(newer);
    sandbox.requests.splice(0);
    expect((await invalidations.create(REFERENCE, ['/*'], soon(60_000))).Id).toBe(Id);
    expect(operations().filter(operation => operation === 'ListInvalidations')).toHaveLength(lists);
    expect(operations().filter(operation => operation === 'GetInvalidation')).toHaveLength(reads);
  });

  test('is looked for among the newest 500, and then the error says so', async () => {
    await invalidations.create(REFERENCE, ['/*'], soon());
    givenNewer(500);
    sandbox.requests.splice(0);
    const error: unknown = await invalidations.create(REFERENCE, ['/*'], soon(60_000)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Busy);
    expect(error).toMatchObject({
      type: 'JobFailed',
      message: `CloudFront says that distribution ${distribution.id} already has an invalidation with the caller reference ${REFERENCE}, ` +
        'but it is not among the newest 500. Retry the stage to start a new one.',
    });
    expect(operations().filter(operation => operation === 'GetInvalidation')).toHaveLength(500);
  });

  test('is not looked for if no time is left', async () => {
    await invalidations.create(REFERENCE, ['/*'], soon());
    sandbox.requests.splice(0);
    await expect(invalidations.create(REFERENCE, ['/*'], soon(240))).rejects.toThrow('it is not among the newest 0');
    expect(operations()).toEqual(['CreateInvalidation']);
  });

  test('that is gone from the list is worth another attempt', async () => {
    await invalidations.create(REFERENCE, ['/*'], soon());
    sandbox.faults.add({ service: 'cloudfront', operation: 'ListInvalidations', fault: { error: 'NoSuchDistribution', status: 404 } });
    await expect(invalidations.create(REFERENCE, ['/*'], soon())).rejects.toBeInstanceOf(Failure);
    sandbox.faults.add({ service: 'cloudfront', operation: 'ListInvalidations', fault: { throttle: true } });
    await expect(invalidations.create(REFERENCE, ['/*'], soon())).rejects.toThrow(/^CloudFront did not answer ListInvalidations for/);
  });
});

describe('an answer without what every answer has', () => {
  const SUMMARY = '<InvalidationSummary><CreateTime>2026-01-01T00:00:00Z</CreateTime><Status>Completed</Status></InvalidationSummary>';
  let server: Server;
  let answers: Record<string, string>;

  beforeEach(async () => {
    answers = {};
    server = createServer((request, response) => {
      const isList = request.method === 'GET' && request.url!.replace(/\?.*/, '').endsWith('/invalidation');
      const operation = request.method === 'POST' ? 'create' : isList ? 'list' : 'get';
      response.writeHead(request.method === 'POST' && answers.create.includes('<ErrorResponse') ? 400 : 200, { 'content-type': 'text/xml' });
      response.end(answers[operation]);
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    invalidations = givenInvalidations({ kind: 'distribution', id: 'E0000000000000' }, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });

  afterEach(async () => {
    invalidations.close();
    await new Promise(resolve => server.close(resolve));
  });

  test.each([
    ['an ID', '<Invalidation><Status>Completed</Status></Invalidation>'],
    ['a status', '<Invalidation><Id>I1</Id></Invalidation>'],
  ])('%s is never taken for a completed invalidation', async (_, answer) => {
    answers = { create: answer, get: answer };
    await expect(invalidations.create(REFERENCE, ['/*'], soon())).rejects.toThrow(/^CloudFront did not answer CreateInvalidation for .*the response has no invalidation/);
    await expect(invalidations.get('I1', soon())).rejects.toThrow(/^CloudFront did not answer GetInvalidation for .*the response has no invalidation/);
  });

  test.each([
    ['no items', '<InvalidationList><IsTruncated>false</IsTruncated></InvalidationList>'],
    ['no list', ''],
    ['items without an ID', `<InvalidationList><IsTruncated>false</IsTruncated><Items>${SUMMARY}</Items></InvalidationList>`],
    ['more, but not where', '<InvalidationList><IsTruncated>true</IsTruncated></InvalidationList>'],
    ['where there would be more, but there is none', '<InvalidationList><IsTruncated>false</IsTruncated><NextMarker>I9</NextMarker></InvalidationList>'],
  ])('a list that has %s ends the search', async (_, list) => {
    answers = { create: '<ErrorResponse><Error><Code>InvalidationBatchAlreadyExists</Code><Message>used</Message></Error></ErrorResponse>', list };
    await expect(invalidations.create(REFERENCE, ['/*'], soon(2_000))).rejects.toThrow('it is not among the newest 0');
  });
});
