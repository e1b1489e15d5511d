import { CloudFrontClient, CreateInvalidationCommand, GetInvalidationCommand } from '@aws-sdk/client-cloudfront';
import { CodePipelineClient, PutJobSuccessResultCommand } from '@aws-sdk/client-codepipeline';
import { Faults, Sandbox, type Distribution, type FaultKind } from '../../sandbox';

const JOB = '11111111-abcd-1111-abcd-111111abcdef';

let sandbox: Sandbox;
let distribution: Distribution;
let client: CloudFrontClient;

beforeEach(async () => {
  sandbox = await Sandbox.start({ timeScale: 100 });
  distribution = sandbox.cloudFront.addDistribution({ id: 'E2QWRUHEXAMPLE' });
  client = new CloudFrontClient({ ...access(), endpoint: sandbox.cloudFront.endpoint, maxAttempts: 1 });
});
afterEach(() => sandbox.stop());

describe('what a client meets, and whether the invalidation exists', () => {
  test.each<{ readonly fault: FaultKind; readonly error: object; readonly journal: object; readonly effects: number }>([
    {
      fault: { error: 'ServiceUnavailable', status: 503, message: 'Busy' },
      error: { name: 'ServiceUnavailable', message: 'Busy', $metadata: { httpStatusCode: 503 } },
      journal: { status: 503, errorCode: 'ServiceUnavailable' },
      effects: 0,
    },
    {
      fault: { throttle: true },
      error: { name: 'Throttling', message: 'Rate exceeded', $metadata: { httpStatusCode: 400 } },
      journal: { status: 400, errorCode: 'Throttling' },
      effects: 0,
    },
    { fault: { reset: 'before' }, error: { message: expect.stringContaining('ECONNRESET') }, journal: { status: undefined, errorCode: 'reset' }, effects: 0 },
    { fault: { reset: 'after' }, error: { message: expect.stringContaining('ECONNRESET') }, journal: { status: undefined, errorCode: 'reset' }, effects: 1 },
    { fault: { hang: 'before' }, error: { name: 'AbortError' }, journal: { status: undefined, errorCode: 'hang' }, effects: 0 },
    { fault: { hang: 'after' }, error: { name: 'AbortError' }, journal: { status: undefined, errorCode: 'hang' }, effects: 1 },
    { fault: { truncate: true }, error: expect.any(Error), journal: { status: 201, errorCode: undefined }, effects: 1 },
    { fault: { malformed: true }, error: expect.any(Error), journal: { status: 200, errorCode: undefined }, effects: 1 },
  ])('$fault', async ({ fault, error, journal, effects }) => {
    const handle = sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault });
    await expect(create('reference', AbortSignal.timeout(500))).rejects.toMatchObject(error);
    expect(handle.hits).toBe(1);
    expect(distribution.invalidations).toHaveLength(effects);
    expect(sandbox.requests.map(({ operation, status, errorCode }) => ({ operation, status, errorCode })))
      .toEqual([{ operation: 'CreateInvalidation', ...journal }]);
    // Once is once.
    await expect(create('another')).resolves.toBeDefined();
  });

  test('a delay is the sandbox\'s time', async () => {
    sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { delay: 10_000 } });
    const start = sandbox.clock.now();
    await create('reference');
    expect(sandbox.clock.now() - start).toBeGreaterThanOrEqual(9_500);
  });

  test('CodePipeline has an error of its own for throttling', async () => {
    sandbox.faults.add({ service: 'codepipeline', operation: 'PutJobSuccessResult', fault: { throttle: true } });
    const codePipeline = new CodePipelineClient({ ...access(), endpoint: sandbox.codePipeline.endpoint, maxAttempts: 1 });
    await expect(codePipeline.send(new PutJobSuccessResultCommand({ jobId: JOB }))).rejects.toMatchObject({ name: 'ThrottlingException' });
  });
});

test('a fault strikes its service and operation only', async () => {
  const handles = [
    sandbox.faults.add({ service: 'codepipeline', operation: 'CreateInvalidation', fault: { throttle: true } }),
    sandbox.faults.add({ service: 'cloudfront', operation: 'ListInvalidations', fault: { throttle: true } }),
    sandbox.faults.add({ service: 'cloudfront', operation: 'CreateInvalidation', fault: { throttle: true }, distributionId: 'E2OTHER' }),
  ];
  const { Invalidation } = await create('reference');
  await client.send(new GetInvalidationCommand({ DistributionId: distribution.id, Id: Invalidation?.Id }));
  expect(handles.map(({ hits }) => hits)).toEqual([0, 0, 0]);
});

describe('how often', () => {
  const strikes = (faults: Faults, count: number) =>
    Array.from({ length: count }, () => faults.strike('cloudfront', 'GetInvalidation', 'E1') !== undefined);

  test.each([
    [{}, [true, false, false, false]],
    [{ times: 2 }, [true, true, false, false]],
    [{ times: Infinity }, [true, true, true, true]],
    [{ skip: 1 }, [false, true, false, false]],
    [{ skip: 1, times: 2 }, [false, true, true, false]],
    [{ times: 0 }, [false, false, false, false]],
  ])('%j', (options, expected) => {
    const faults = new Faults();
    faults.add({ service: 'cloudfront', operation: 'GetInvalidation', fault: { throttle: true }, ...options });
    expect(strikes(faults, 4)).toEqual(expected);
  });

  test('one after the other, in the order in which they were added', () => {
    const faults = new Faults();
    faults.add({ service: 'cloudfront', operation: 'GetInvalidation', fault: { throttle: true } });
    faults.add({ service: 'cloudfront', operation: 'GetInvalidation', fault: { reset: 'before' } });
    expect([1, 2, 3].map(() => faults.strike('cloudfront', 'GetInvalidation'))).toEqual([{ throttle: true }, { reset: 'before' }, undefined]);
  });

  test('never again once it is removed, and removing it twice removes no other', () => {
    const faults = new Faults();
    const [first] = [1, 2].map(() => faults.add({ service: 'cloudfront', operation: 'GetInvalidation', fault: { throttle: true } }));
    first.remove();
    first.remove();
    expect(strikes(faults, 2)).toEqual([true, false]);
    expect(first.hits).toBe(0);
  });
});

function access() {
  const { accessKeyId } = sandbox.addRole('admin', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);
  return { region: 'eu-west-1', credentials: { accessKeyId, secretAccessKey: 'secret' } };
}

function create(callerReference: string, abortSignal?: AbortSignal) {
  return client.send(new CreateInvalidationCommand({
    DistributionId: distribution.id,
    InvalidationBatch: { CallerReference: callerReference, Paths: { Quantity: 1, Items: ['/*'] } },
  }), { abortSignal });
}

test('a rate limit is for all requests of an operation, and recovers with time', async () => {
  sandbox.cloudFront.limitRate('CreateInvalidation', { perSecond: 0.1, burst: 2 });
  await create('one');
  const { Invalidation } = await create('two');
  await expect(create('three')).rejects.toMatchObject({ name: 'Throttling', $metadata: { httpStatusCode: 400 } });
  await client.send(new GetInvalidationCommand({ DistributionId: distribution.id, Id: Invalidation?.Id }));
  await sandbox.clock.sleep(20_000);
  await create('three');
  expect(distribution.invalidations).toHaveLength(3);
});
