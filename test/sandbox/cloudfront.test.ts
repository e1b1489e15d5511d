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
  // Long enough for a busy machine to look while it is in progress.
  Object.assign(distribution.settings, { takesEffectAfter: 30_000, completesAfter: 100_000 });
  client = givenClient('admin', [{ Effect: 'Allow', Action: 'cloudfront:*', Resource: '*' }]);
});
afterEach(() => sandbox.stop());

describe('an answer is what the SDK\'s own model says it is', () => {
  test('CreateInvalidation', async () => {
    const { Invalidation, Location, $metadata } = await create(['/a&b<c>'.replace(/[<>]/g, ''), '/b/*'], 'reference');
    expect($metadata.httpStatusCode).toBe(201);
    expect(Location).toBe(`https://cloudfront.amazonaws.com/2020-05-31/distribution/E2QWRUHEXAMPLE/invalidation/${Invalidation?.Id}`);
    expect(Invalidation).toEqual({
      Id: expect.stringMatching(/^I([A-Z0-9]{13}|[A-Z0-9]{25})$/),
      Status: 'InProgress',
      CreateTime: expect.any(Date),
      InvalidationBatch: { CallerReference: 'reference', Paths: { Quantity: 2, Items: ['/a&bc', '/b/*'] } },
    });
  });

  test('GetInvalidation, in progress and completed', async () => {
    const { Invalidation } = await create(['/a'], 'reference');
    const get = () => client.send(new GetInvalidationCommand({ DistributionId: distribution.id, Id: Invalidation?.Id }));
    expect((await get()).Invalidation).toEqual(Invalidation);
    await sandbox.clock.sleep(101_000);
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
    await sandbox.clock.sleep(101_000);
    await expect(create(['/one/*'], 'more')).resolves.toBeDefined();
  });

  test.each([
    ['the 15th wildcard', 14, '/*', 15],
    ['the 3,000th path', 2_999, '', 3_000],
  ])('%s beside others is the last', async (_, inProgress, suffix, last) => {
    sandbox.cloudFront.invalidate(distribution.id, 'others', numbered(inProgress, suffix));
    await expect(create([`/last${suffix}`], `${last}`)).resolves.toBeDefined();
    await expect(create([`/more${suffix}`], 'more')).rejects.toBeInstanceOf(TooManyInvalidationsInProgress);
  });

  test('is one distribution\'s', async () => {
    sandbox.cloudFront.addDistribution({ id: 'E2OTHER' });
    sandbox.cloudFront.invalidate('E2OTHER', 'full', numbered(15, '/*'));
    await expect(create(['/*'], 'mine')).resolves.toBeDefined();
  });

  test.each([[16, 0], [0, 3_001]])('%i wildcards and %i paths are too large for any time', async (wildcards, files) => {
    await expect(create([...numbered(wildcards, '/*'), ...numbered(files, '')], 'large')).rejects.toBeInstanceOf(BatchTooLarge);
  });
});

describe('a caller reference that was used before', () => {
  test('is an error for paths that only look the same when joined', async () => {
    await create(['/a,/b'], 'reference');
    await expect(create(['/a', '/b'], 'reference')).rejects.toBeInstanceOf(InvalidArgument);
  });

  test('with the same paths is no matter of the quota', async () => {
    await create(numbered(15, '/*'), 'reference');
    await expect(create(numbered(15, '/*'), 'reference')).resolves.toBeDefined();
  });

  test('of another distribution is another one', async () => {
    sandbox.cloudFront.addDistribution({ id: 'E2OTHER' });
    const [mine, other] = [await create(['/a'], 'reference'), await create(['/b'], 'reference', 'E2OTHER')];
    expect(other.Invalidation?.Id).not.toBe(mine.Invalidation?.Id);
  });

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
  await sandbox.clock.sleep(40_000);
  expect(events).toEqual([{ distributionId: distribution.id, invalidationId: Invalidation?.Id, paths: ['/a'], status: 'InProgress' }]);
});

describe('a request that the SDK would not send', () => {
  const INVALIDATIONS = '/2020-05-31/distribution/E2QWRUHEXAMPLE/invalidation';
  const BATCH = '<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">\n  <Paths>\n    <Quantity>1</Quantity>\n' +
    '    <Items>\n      <Path>/a</Path>\n    </Items>\n  </Paths>\n  <CallerReference>r</CallerReference>\n</InvalidationBatch>';

  test('is taken with line breaks between its elements', async () => {
    expect(await send('POST', INVALIDATIONS, BATCH)).toMatchObject({ status: 201 });
    expect(distribution.invalidations).toMatchObject([{ callerReference: 'r', paths: ['/a'] }]);
  });

  test.each([
    ['no body', 'POST', INVALIDATIONS, '', 400, 'MissingBody'],
    ['no XML', 'POST', INVALIDATIONS, '{}', 400, 'MalformedXML'],
    ['XML that ends too early', 'POST', INVALIDATIONS, BATCH.slice(0, -5), 400, 'MalformedXML'],
    ['another document', 'POST', INVALIDATIONS, '<Paths/>', 400, 'MalformedXML'],
    ['no caller reference', 'POST', INVALIDATIONS, BATCH.replace(/<Caller.*Reference>/, ''), 400, 'MalformedInput'],
    ['no quantity', 'POST', INVALIDATIONS, BATCH.replace(/<Quantity.*Quantity>/, ''), 400, 'MalformedInput'],
    ['a quantity that is no number', 'POST', INVALIDATIONS, BATCH.replace('>1<', '>one<'), 400, 'MalformedInput'],
    ['a misspelt member', 'POST', INVALIDATIONS, BATCH.replaceAll('CallerReference', 'CallerRefrence'), 400, 'MalformedInput'],
    ['a misspelt item', 'POST', INVALIDATIONS, BATCH.replaceAll('Path>', 'File>'), 400, 'MalformedInput'],
    ['a parameter that there is not', 'GET', `${INVALIDATIONS}?Max=1`, undefined, 400, 'InvalidArgument'],
    ['a page of no items', 'GET', `${INVALIDATIONS}?MaxItems=0`, undefined, 400, 'InvalidArgument'],
    ['another path', 'GET', '/2020-05-31/distribution/E2QWRUHEXAMPLE/config', undefined, 404, 'NoSuchOperation'],
    ['another version', 'GET', '/2019-03-26/distribution/E2QWRUHEXAMPLE/invalidation', undefined, 404, 'NoSuchOperation'],
    ['another method', 'DELETE', `${INVALIDATIONS}/I1`, undefined, 405, 'MethodNotAllowed'],
  ])('%s', async (_, method, path, body, status, code) => {
    const { text, ...response } = await send(method, path, body);
    expect(response).toEqual({ status, code });
    expect(text).toMatch(/^<\?xml version="1.0"\?>\n<ErrorResponse xmlns="http:\/\/cloudfront.amazonaws.com\/doc\/2020-05-31\/"><Error><Type>Sender<\/Type><Code>/);
    expect(distribution.invalidations).toEqual([]);
  });

  test.each([
    ['no signature', '', 'MissingAuthenticationToken'],
    ['a signature of another kind', 'Bearer token', 'MissingAuthenticationToken'],
    ['a signature for another service', signature('us-east-1/s3'), 'SignatureDoesNotMatch'],
    ['a signature for another Region', signature('ap-south-1/cloudfront'), 'SignatureDoesNotMatch'],
    ['a key that nobody has', signature('us-east-1/cloudfront'), 'InvalidClientTokenId'],
  ])('%s', async (_, authorization, code) => {
    expect(await send('GET', INVALIDATIONS, undefined, authorization)).toMatchObject({ status: 403, code });
    expect(sandbox.requests.map(({ operation, principal, errorCode }) => ({ operation, principal, errorCode })))
      .toEqual([{ operation: 'ListInvalidations', principal: undefined, errorCode: code }]);
  });

  test.each(['us-east-1', 'cn-northwest-1', 'eu-west-1'])('a signature for %s will do', async region => {
    const { accessKeyId } = sandbox.role('admin');
    expect(await send('GET', INVALIDATIONS, undefined, signature(`${region}/cloudfront`, accessKeyId))).toMatchObject({ status: 200 });
  });

  async function send(method: string, path: string, body?: string, authorization = signature('us-east-1/cloudfront', sandbox.role('admin').accessKeyId)) {
    const response = await fetch(`${sandbox.cloudFront.endpoint}${path}`, { method, body, headers: { authorization } });
    const text = await response.text();
    return { status: response.status, code: /<Code>(.*)<\/Code>/.exec(text)?.[1], text };
  }

  function signature(scope: string, accessKeyId = 'ASIANOBODY'): string {
    return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/${scope}/aws4_request, SignedHeaders=host, Signature=0`;
  }
});

test('a distribution is as fast and has as much room as AWS says, unless told otherwise', () => {
  expect(sandbox.cloudFront.addDistribution({ id: 'E2NEW' }).settings).toEqual({
    takesEffectAfter: 4_000,
    completesAfter: 15_000,
    maxPathsInProgress: 3_000,
    maxWildcardsInProgress: 15,
    callerReferenceError: 'InvalidArgument',
    refusesRepeatedReference: false,
    forgetsReferences: false,
    newInvalidationId: expect.any(Function),
    visibleAfter: 0,
    order: 'newestFirst',
    completedStatus: 'Completed',
    maxTagsInProgress: 3_000,
    countsWildcardsAsPaths: false,
    cacheTags: false,
  });
});

test('a distribution without invalidations has an empty list', async () => {
  const { InvalidationList } = await client.send(new ListInvalidationsCommand({ DistributionId: distribution.id }));
  expect(InvalidationList).toMatchObject({ IsTruncated: false, Quantity: 0 });
  expect(InvalidationList?.Items ?? []).toEqual([]);
});

test('an explicit Deny is called one', async () => {
  client = givenClient('denied', [{ Effect: 'Allow', Action: '*', Resource: '*' }, { Effect: 'Deny', Action: 'cloudfront:Create*', Resource: '*' }]);
  await expect(create(['/a'], 'reference')).rejects.toThrow(
    'User: arn:aws:sts::123456789012:assumed-role/denied/session is not authorized to perform: cloudfront:CreateInvalidation on resource: ' +
    'arn:aws:cloudfront::123456789012:distribution/E2QWRUHEXAMPLE with an explicit deny in an identity-based policy');
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
