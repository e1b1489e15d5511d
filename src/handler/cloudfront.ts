import {
  CloudFrontClient,
  CreateInvalidationCommand,
  GetInvalidationCommand,
  ListInvalidationsCommand,
  type Invalidation,
  type InvalidationList,
} from '@aws-sdk/client-cloudfront';
import { CALL_TIMEOUT, hasTimeForCall, limited } from './budget';
import { Busy, fromCloudFront, isUsedCallerReference } from './failure';
import { log } from './log';

/** The client retries nothing by itself: waiting is `waitFor`'s, which knows how much time is left. */
const client = new CloudFrontClient({
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 3_000, requestTimeout: CALL_TIMEOUT, throwOnRequestTimeout: true },
});

/** CloudFront keeps invalidations for long; the one looked for is at most as old as the job, so among the newest. */
const MAX_INVALIDATIONS_SEARCHED = 500;

/**
 * Creates an invalidation, or finds the one that an earlier delivery of the same job created.
 *
 * @throws Failure, or Busy where another attempt may succeed
 */
export async function createInvalidation(distributionId: string, callerReference: string, paths: string[], until: number): Promise<Invalidation> {
  try {
    const command = new CreateInvalidationCommand({
      DistributionId: distributionId,
      InvalidationBatch: { CallerReference: callerReference, Paths: { Quantity: paths.length, Items: paths } },
    });
    return await limited(until, abortSignal => answered(client.send(command, { abortSignal })));
  } catch (error) {
    if (!isUsedCallerReference(error)) {
      throw fromCloudFront(error, 'CreateInvalidation', distributionId);
    }
    log('INFO', 'The caller reference was used before: looking for the earlier invalidation', { distributionId, callerReference });
    return findInvalidation(distributionId, callerReference, until);
  }
}

export async function getInvalidation(distributionId: string, invalidationId: string, until: number): Promise<Invalidation> {
  try {
    const command = new GetInvalidationCommand({ DistributionId: distributionId, Id: invalidationId });
    return await limited(until, abortSignal => answered(client.send(command, { abortSignal })));
  } catch (error) {
    throw fromCloudFront(error, 'GetInvalidation', distributionId);
  }
}

async function findInvalidation(distributionId: string, callerReference: string, until: number): Promise<Invalidation> {
  let searched = 0;
  for await (const invalidationId of newestInvalidations(distributionId, until)) {
    if (!hasTimeForCall(until) || searched++ === MAX_INVALIDATIONS_SEARCHED) {
      break;
    }
    const invalidation = await getInvalidation(distributionId, invalidationId, until);
    if (invalidation.InvalidationBatch?.CallerReference === callerReference) {
      return invalidation;
    }
  }
  throw new Busy('JobFailed', `CloudFront says that distribution ${distributionId} already has an invalidation with the caller reference ` +
    `${callerReference}, but it is not among its ${searched} newest ones. Retry the stage to start a new one.`);
}

async function* newestInvalidations(distributionId: string, until: number): AsyncGenerator<string> {
  let marker: string | undefined;
  do {
    if (!hasTimeForCall(until)) {
      return;
    }
    const list = await listInvalidations(distributionId, marker, until);
    for (const { Id } of list?.Items ?? []) {
      if (Id !== undefined) {
        yield Id;
      }
    }
    marker = list?.IsTruncated ? list.NextMarker : undefined;
  } while (marker !== undefined);
}

async function listInvalidations(distributionId: string, marker: string | undefined, until: number): Promise<InvalidationList | undefined> {
  try {
    const command = new ListInvalidationsCommand({ DistributionId: distributionId, Marker: marker });
    return (await limited(until, abortSignal => client.send(command, { abortSignal }))).InvalidationList;
  } catch (error) {
    throw fromCloudFront(error, 'ListInvalidations', distributionId);
  }
}

async function answered(answer: Promise<{ Invalidation?: Invalidation }>): Promise<Invalidation> {
  const { Invalidation: invalidation } = await answer;
  if (!invalidation?.Id || !invalidation.Status) {
    throw new Error('the answer has no invalidation in it');
  }
  return invalidation;
}
