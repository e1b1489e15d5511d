import {
  AccessDenied, BatchTooLarge, CloudFrontClient, CreateInvalidationCommand, GetInvalidationCommand, InvalidArgument, InconsistentQuantities,
  ListInvalidationsCommand, NoSuchDistribution, NoSuchInvalidation, TooManyInvalidationsInProgress,
} from '@aws-sdk/client-cloudfront';
import { Sandbox, type Distribution, type Statement } from '../../sandbox';

let sandbox: Sandbox;
let distribution: Distribution;
let client: CloudFrontClient;

beforeEach(async () => {
  sandbox = await Sandbox.start({ timeScale: 100 });
  distribution = sandbox.cloudFront.addDistribution({ id: 'E2QWRUHEXAMPLE' });
  client = givenClient('admin', [{ Effect: 'Allow', Action: 'cloudfront:*', Resource: '*' }]);
});
afterEach(() => sandbox.stop());

describe('an answer is what the SDK\'s own model says it is', () => {
  test('CreateInvalidation', async () => {
    const { Invalidation, Location, $metadata } = await create(['/a&b<c>'.replace(/[<>]/g, ''), '/b/*'], 'reference');
    expect($metadata.httpStatusCode).toBe(201);
    expect(Location).toBe(`https://cloudfront.amazonaws.com/2020-05-31/distribution/E2QWRUHEXAMPLE/invalidation/${Invalidation?.Id}`);
    expect(Invalidation).toEqual({
      Id: expect.stringMatching(/^I[A-Z0-9]{13}$/),
      Status: 'InProgress',
      CreateTime: expect.any(Date),
      InvalidationBatch: { CallerReference: 'reference', Paths: { Quantity: 2, Items: ['/a&bc', '/b/*'] } },
    });
  });

  test('GetInvalidation, in progress and completed', async () => {
    const { Invalidation } = await create(['/a'], 'reference');
    const get = () => client.send(new GetInvalidationCommand({ DistributionId: distribution.id, Id: Invalidation?.Id }));
    expect((await get()).Invalidation).toEqual(Invalidation);
    await sandbox.clock.sleep(16_000);
    expect((await get()).Invalidation?.Status).toBe('Completed');
  });

  test('ListInvalidations, newest first and in pages', async () => {
    for (let index = 0; index < 5; index++) {
      sandbox.cloudFront.invalidate(distribution.id, `reference-${index}`, ['/a']);
    }
    const newestFirst = distribution.invalidations.map(({ id }) => id).reverse();
    const list = async (Marker?: string) => {
      const command = new ListInvalidationsCommand({ DistributionId: distribution.id, MaxItems: 2, Marker });
      return (await client.send(command)).InvalidationList;
    };
    const first = await list();
    expect(first).toMatchObject({ IsTruncated: true, Quantity: 2, MaxItems: 2, NextMarker: newestFirst[1] });
    const second = await list(first?.NextMarker);
    const third = await list(second?.NextMarker);
    expect(third).toMatchObject({ IsTruncated: false, Quantity: 1 });
    expect([first, second, third].flatMap(page => page?.Items?.map(({ Id }) => Id))).toEqual(newestFirst);
  });
});

describe('an error is the SDK\'s own class', () => {
  test('NoSuchDistribution', async () => {
    await expect(client.send(new GetInvalidationCommand({ DistributionId: 'E2NONE', Id: 'I1' }))).rejects.toBeInstanceOf(NoSuchDistribution);
  });

  test('NoSuchInvalidation', async () => {
    await expect(client.send(new GetInvalidationCommand({ DistributionId: distribution.id, Id: 'I1' }))).rejects.toBeInstanceOf(NoSuchInvalidation);
  });

  test('AccessDenied, for another distribution than the role may touch', async () => {
    sandbox.cloudFront.addDistribution({ id: 'E2OTHER' });
    client = givenClient('narrow', [{ Effect: 'Allow', Action: ['cloudfront:CreateInvalidation'], Resource: distribution.arn }]);
    await expect(create(['/a'], 'reference')).resolves.toBeDefined();
    await expect(create(['/a'], 'reference', 'E2OTHER')).rejects.toBeInstanceOf(AccessDenied);
    await expect(client.send(new GetInvalidationCommand({ DistributionId: distribution.id, Id: 'I1' }))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: expect.stringMatching(/^User: .*assumed-role\/narrow\/.* is not authorized to perform: cloudfront:GetInvalidation on resource: arn:aws:cloudfront::/),
      $metadata: { httpStatusCode: 403 },
    });
  });

  test('InvalidArgument, for each path that CloudFront refuses', async () => {
    for (const path of ['index.html', '/a*b', '/a b', '/straße', '/100%', '/~', '#tag', `/${'a'.repeat(4_000)}`]) {
      await expect(create([path], path)).rejects.toBeInstanceOf(InvalidArgument);
    }
    await expect(create([], 'none')).rejects.toBeInstanceOf(InvalidArgument);
    expect(distribution.invalidations).toEqual([]);
  });

  test('InconsistentQuantities', async () => {
    await expect(client.send(new CreateInvalidationCommand({
      DistributionId: distribution.id, InvalidationBatch: { CallerReference: 'reference', Paths: { Quantity: 2, Items: ['/a'] } },
    }))).rejects.toBeInstanceOf(InconsistentQuantities);
  });

  test('throttling, which the SDK tries again by itself', async () => {
    const fault = sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { throttle: true } });
    await expect(create(['/a'], 'reference')).resolves.toBeDefined();
    expect(fault.hits).toBe(1);
  });
});

describe('the quota, on both sides of its boundary', () => {
  test('15 wildcards and 3,000 paths at once, counted apart', async () => {
    await expect(create([...numbered(15, '/*'), ...numbered(3_000, '')], 'full')).resolves.toBeDefined();
    await expect(create(['/one'], 'more')).rejects.toBeInstanceOf(TooManyInvalidationsInProgress);
    await expect(create(['/one/*'], 'more')).rejects.toBeInstanceOf(TooManyInvalidationsInProgress);
    await sandbox.clock.sleep(16_000);
    await expect(create(['/one/*'], 'more')).resolves.toBeDefined();
  });

  test.each([[16, 0], [0, 3_001]])('%i wildcards and %i paths are too large for any time', async (wildcards, files) => {
    await expect(create([...numbered(wildcards, '/*'), ...numbered(files, '')], 'large')).rejects.toBeInstanceOf(BatchTooLarge);
  });
});

describe('a caller reference that was used before', () => {
  test('with the same paths in any order is the earlier invalidation', async () => {
    const first = await create(['/a', '/b'], 'reference');
    const second = await create(['/b', '/a'], 'reference');
    expect(second.Invalidation?.Id).toBe(first.Invalidation?.Id);
    expect(distribution.invalidations).toHaveLength(1);
  });

  test.each(['InvalidArgument', 'InvalidationBatchAlreadyExists'] as const)('with other paths is %s', async name => {
    distribution.settings.callerReferenceError = name;
    await create(['/a'], 'reference');
    await expect(create(['/b'], 'reference')).rejects.toMatchObject({ name, message: expect.stringContaining('caller reference that was used') });
  });

  test('is an error for the same paths where CloudFront is like that', async () => {
    distribution.settings.refusesRepeatedReference = true;
    await create(['/a'], 'reference');
    await expect(create(['/a'], 'reference')).rejects.toBeInstanceOf(InvalidArgument);
  });
});

test('cache tags are paths where the distribution knows them', async () => {
  distribution.settings.cacheTags = true;
  await expect(create(['#news'], 'tag')).resolves.toBeDefined();
  await expect(create(['#a,b'], 'comma')).rejects.toBeInstanceOf(InvalidArgument);
  await expect(create(['#a*'], 'wildcard')).rejects.toBeInstanceOf(InvalidArgument);
});

test('listeners hear of an invalidation when it takes effect, before it is completed', async () => {
  const events: unknown[] = [];
  sandbox.cloudFront.onInvalidation(event => events.push({ ...event, status: distribution.invalidations[0].status }));
  const { Invalidation } = await create(['/a'], 'reference');
  expect(events).toEqual([]);
  await sandbox.clock.sleep(8_000);
  expect(events).toEqual([{ distributionId: distribution.id, invalidationId: Invalidation?.Id, paths: ['/a'], status: 'InProgress' }]);
});

describe('a request that is none of CloudFront\'s', () => {
  test.each([
    ['unsigned', '/2020-05-31/distribution/E2QWRUHEXAMPLE/invalidation', 403, 'MissingAuthenticationToken'],
    ['of another path', '/2020-05-31/distribution/E2QWRUHEXAMPLE/config', 404, 'NoSuchOperation'],
  ])('%s', async (_, path, status, code) => {
    const response = await fetch(`${sandbox.cloudFront.endpoint}${path}`);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(`<Code>${code}</Code>`);
  });
});

function givenClient(roleName: string, statements: Statement[]): CloudFrontClient {
  const { accessKeyId } = sandbox.addRole(roleName, statements);
  return new CloudFrontClient({ endpoint: sandbox.cloudFront.endpoint, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey: 'secret' } });
}

function create(paths: string[], callerReference: string, distributionId = distribution.id) {
  return client.send(new CreateInvalidationCommand({
    DistributionId: distributionId,
    InvalidationBatch: { CallerReference: callerReference, Paths: { Quantity: paths.length, Items: paths } },
  }));
}

function numbered(count: number, suffix: string): string[] {
  return Array.from({ length: count }, (_, index) => `/${index}${suffix}`);
}
