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
import type { Credentials } from './role';
import { targetName, operationOf, type Target } from './target';

/** The client does not retry: `waitFor` does, because it knows how much time is left. */
const SETTINGS = {
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 3_000, requestTimeout: CALL_TIMEOUT, throwOnRequestTimeout: true },
};

/** Uses the function's own credentials. */
const ownClient = new CloudFrontClient(SETTINGS);

/** CloudFront keeps invalidations for a long time. The one to find is no older than the job, so it is among the newest. */
const MAX_INVALIDATIONS_SEARCHED = 500;

interface CallOptions {
  readonly abortSignal: AbortSignal;
}

/** The three CloudFront calls that exist both for distributions and for tenants. */
interface Api {
  create(id: string, batch: InvalidationBatch, options: CallOptions): Promise<{ Invalidation?: Invalidation }>;
  get(id: string, invalidationId: string, options: CallOptions): Promise<{ Invalidation?: Invalidation }>;
  list(id: string, marker: string | undefined, options: CallOptions): Promise<{ InvalidationList?: InvalidationList }>;
}

const API_OF: Readonly<Record<Target['kind'], (from: CloudFrontClient) => Api>> = {
  'distribution': from => ({
    create: (id, batch, options) => from.send(new CreateInvalidationCommand({ DistributionId: id, InvalidationBatch: batch }), options),
    get: (id, invalidationId, options) => from.send(new GetInvalidationCommand({ DistributionId: id, Id: invalidationId }), options),
    list: (id, marker, options) => from.send(new ListInvalidationsCommand({ DistributionId: id, Marker: marker }), options),
  }),
  'distribution tenant': from => ({
    create: (id, batch, options) => from.send(new CreateInvalidationForDistributionTenantCommand({ Id: id, InvalidationBatch: batch }), options),
    get: (id, invalidationId, options) =>
      from.send(new GetInvalidationForDistributionTenantCommand({ DistributionTenantId: id, Id: invalidationId }), options),
    list: (id, marker, options) => from.send(new ListInvalidationsForDistributionTenantCommand({ Id: id, Marker: marker }), options),
  }),
};

/** The invalidations of one target. */
export class Invalidations {
  /** @see warmUp in warm-up.ts */
  static warmUp(abortSignal: AbortSignal): readonly Promise<unknown>[] {
    const api = API_OF.distribution(ownClient);
    const batch = { CallerReference: 'none', Paths: { Quantity: 1, Items: ['/*'] } };
    return [api.create('none', batch, { abortSignal }), api.get('none', 'none', { abortSignal })];
  }

  private readonly client: CloudFrontClient;
  private readonly api: Api;

  /** @param credentials of the target's role, if it has one */
  constructor(private readonly target: Target, credentials?: Credentials) {
    this.client = credentials === undefined ? ownClient : new CloudFrontClient({ ...SETTINGS, credentials });
    this.api = API_OF[target.kind](this.client);
  }

  /** Closes the connections that no later job would use: those with the credentials of this one. */
  close(): void {
    if (this.client !== ownClient) {
      this.client.destroy();
    }
  }

  /**
   * Creates an invalidation, or finds the one that an earlier delivery of the same job created.
   *
   * @throws Failure, or Busy if another attempt may succeed
   */
  async create(callerReference: string, paths: string[], until: number): Promise<Invalidation> {
    const batch = { CallerReference: callerReference, Paths: { Quantity: paths.length, Items: paths } };
    try {
      return await limited(until, abortSignal => answered(this.api.create(this.target.id, batch, { abortSignal })));
    } catch (error) {
      if (!isUsedCallerReference(error)) {
        throw fromCloudFront(error, operationOf('CreateInvalidation', this.target), this.target);
      }
      log('INFO', 'The caller reference was used before: looking for the earlier invalidation', { target: targetName(this.target), callerReference });
      return this.find(callerReference, until);
    }
  }

  /** @throws Failure, or Busy if another attempt may succeed */
  async get(invalidationId: string, until: number): Promise<Invalidation> {
    try {
      return await limited(until, abortSignal => answered(this.api.get(this.target.id, invalidationId, { abortSignal })));
    } catch (error) {
      throw fromCloudFront(error, operationOf('GetInvalidation', this.target), this.target);
    }
  }

  private async find(callerReference: string, until: number): Promise<Invalidation> {
    let searched = 0;
    for await (const invalidationId of this.newest(until)) {
      if (!hasTimeForCall(until) || searched === MAX_INVALIDATIONS_SEARCHED) {
        break;
      }
      searched++;
      const invalidation = await this.get(invalidationId, until);
      if (invalidation.InvalidationBatch?.CallerReference === callerReference) {
        return invalidation;
      }
    }
    throw new Busy('JobFailed', `CloudFront says that ${targetName(this.target)} already has an invalidation with the caller reference ` +
      `${callerReference}, but it is not among the newest ${searched}. Retry the stage to start a new one.`);
  }

  private async* newest(until: number): AsyncGenerator<string> {
    let marker: string | undefined;
    do {
      if (!hasTimeForCall(until)) {
        return;
      }
      const list = await this.list(marker, until);
      for (const { Id } of list?.Items ?? []) {
        if (Id !== undefined) {
          yield Id;
        }
      }
      marker = list?.IsTruncated ? list.NextMarker : undefined;
    } while (marker !== undefined);
  }

  private async list(marker: string | undefined, until: number): Promise<InvalidationList | undefined> {
    try {
      return (await limited(until, abortSignal => this.api.list(this.target.id, marker, { abortSignal }))).InvalidationList;
    } catch (error) {
      throw fromCloudFront(error, operationOf('ListInvalidations', this.target), this.target);
    }
  }
}

async function answered(answer: Promise<{ Invalidation?: Invalidation }>): Promise<Invalidation> {
  const { Invalidation: invalidation } = await answer;
  if (!invalidation?.Id || !invalidation.Status) {
    throw new Error('the response has no invalidation');
  }
  return invalidation;
}
