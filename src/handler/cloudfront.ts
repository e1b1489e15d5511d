import {
  CloudFrontClient,
  CreateInvalidationCommand,
  CreateInvalidationForDistributionTenantCommand,
  GetInvalidationCommand,
  GetInvalidationForDistributionTenantCommand,
  ListInvalidationsCommand,
  ListInvalidationsForDistributionTenantCommand,
  type Invalidation,
  type InvalidationBatch,
  type InvalidationList,
} from '@aws-sdk/client-cloudfront';
import { CALL_TIMEOUT, hasTimeForCall, limited } from './budget';
import { Busy, fromCloudFront, isUsedCallerReference } from './failure';
import { log } from './log';
import { nameOf, operationOf, type Target } from './target';

/** The client retries nothing by itself: waiting is `waitFor`'s, which knows how much time is left. */
const client = new CloudFrontClient({
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 3_000, requestTimeout: CALL_TIMEOUT, throwOnRequestTimeout: true },
});

/** CloudFront keeps invalidations for long; the one looked for is at most as old as the job, so among the newest. */
const MAX_INVALIDATIONS_SEARCHED = 500;

interface CallOptions {
  readonly abortSignal: AbortSignal;
}

/** CloudFront's three calls, which it has twice. */
interface Api {
  create(id: string, batch: InvalidationBatch, options: CallOptions): Promise<{ Invalidation?: Invalidation }>;
  get(id: string, invalidationId: string, options: CallOptions): Promise<{ Invalidation?: Invalidation }>;
  list(id: string, marker: string | undefined, options: CallOptions): Promise<{ InvalidationList?: InvalidationList }>;
}

const APIS: Readonly<Record<Target['kind'], Api>> = {
  'distribution': {
    create: (id, batch, options) => client.send(new CreateInvalidationCommand({ DistributionId: id, InvalidationBatch: batch }), options),
    get: (id, invalidationId, options) => client.send(new GetInvalidationCommand({ DistributionId: id, Id: invalidationId }), options),
    list: (id, marker, options) => client.send(new ListInvalidationsCommand({ DistributionId: id, Marker: marker }), options),
  },
  'distribution tenant': {
    create: (id, batch, options) => client.send(new CreateInvalidationForDistributionTenantCommand({ Id: id, InvalidationBatch: batch }), options),
    get: (id, invalidationId, options) =>
      client.send(new GetInvalidationForDistributionTenantCommand({ DistributionTenantId: id, Id: invalidationId }), options),
    list: (id, marker, options) => client.send(new ListInvalidationsForDistributionTenantCommand({ Id: id, Marker: marker }), options),
  },
};

/**
 * Creates an invalidation, or finds the one that an earlier delivery of the same job created.
 *
 * @throws Failure, or Busy where another attempt may succeed
 */
export async function createInvalidation(target: Target, callerReference: string, paths: string[], until: number): Promise<Invalidation> {
  const batch = { CallerReference: callerReference, Paths: { Quantity: paths.length, Items: paths } };
  try {
    return await limited(until, abortSignal => answered(APIS[target.kind].create(target.id, batch, { abortSignal })));
  } catch (error) {
    if (!isUsedCallerReference(error)) {
      throw fromCloudFront(error, operationOf('CreateInvalidation', target), target);
    }
    log('INFO', 'The caller reference was used before: looking for the earlier invalidation', { target: nameOf(target), callerReference });
    return findInvalidation(target, callerReference, until);
  }
}

export async function getInvalidation(target: Target, invalidationId: string, until: number): Promise<Invalidation> {
  try {
    return await limited(until, abortSignal => answered(APIS[target.kind].get(target.id, invalidationId, { abortSignal })));
  } catch (error) {
    throw fromCloudFront(error, operationOf('GetInvalidation', target), target);
  }
}

async function findInvalidation(target: Target, callerReference: string, until: number): Promise<Invalidation> {
  let searched = 0;
  for await (const invalidationId of newestInvalidations(target, until)) {
    if (!hasTimeForCall(until) || searched++ === MAX_INVALIDATIONS_SEARCHED) {
      break;
    }
    const invalidation = await getInvalidation(target, invalidationId, until);
    if (invalidation.InvalidationBatch?.CallerReference === callerReference) {
      return invalidation;
    }
  }
  throw new Busy('JobFailed', `CloudFront says that ${nameOf(target)} already has an invalidation with the caller reference ` +
    `${callerReference}, but it is not among its ${searched} newest ones. Retry the stage to start a new one.`);
}

async function* newestInvalidations(target: Target, until: number): AsyncGenerator<string> {
  let marker: string | undefined;
  do {
    if (!hasTimeForCall(until)) {
      return;
    }
    const list = await listInvalidations(target, marker, until);
    for (const { Id } of list?.Items ?? []) {
      if (Id !== undefined) {
        yield Id;
      }
    }
    marker = list?.IsTruncated ? list.NextMarker : undefined;
  } while (marker !== undefined);
}

async function listInvalidations(target: Target, marker: string | undefined, until: number): Promise<InvalidationList | undefined> {
  try {
    return (await limited(until, abortSignal => APIS[target.kind].list(target.id, marker, { abortSignal }))).InvalidationList;
  } catch (error) {
    throw fromCloudFront(error, operationOf('ListInvalidations', target), target);
  }
}

async function answered(answer: Promise<{ Invalidation?: Invalidation }>): Promise<Invalidation> {
  const { Invalidation: invalidation } = await answer;
  if (!invalidation?.Id || !invalidation.Status) {
    throw new Error('the answer has no invalidation in it');
  }
  return invalidation;
}
