import { randomInt } from 'crypto';
import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';
import { denial } from './iam';
import { isRecord, problemsOf, type ApiModel } from './model';
import { requestId, Service, ServiceError, type Answer, type Call, type Caller, type RawRequest, type Surroundings } from './service';
import model from '../models/cloudfront.json';

const API_VERSION = '2020-05-31';
const NAMESPACE = `http://cloudfront.amazonaws.com/doc/${API_VERSION}/`;

/** RFC 1738's unsafe characters and all that is not visible ASCII; a percent sign that begins no escape is unsafe too. */
const UNSAFE_IN_PATH = /[^!-~]|[<>"#{}|\\^~[\]`]|%(?![0-9A-Fa-f]{2})/;

/** CloudFront has its calls twice, and does not name the same things alike. */
const RESOURCES: Readonly<Record<string, { readonly suffix: string; readonly idName: string; readonly idNameOfGet: string }>> = {
  'distribution': { suffix: '', idName: 'DistributionId', idNameOfGet: 'DistributionId' },
  'distribution-tenant': { suffix: 'ForDistributionTenant', idName: 'Id', idNameOfGet: 'DistributionTenantId' },
};

export interface Invalidation {
  readonly id: string;
  readonly createTime: number;
  readonly callerReference: string;
  readonly paths: readonly string[];
  status: 'InProgress' | 'Completed';
}

/** What CloudFront does with the invalidations of one distribution. */
export interface DistributionSettings {
  /** Milliseconds until the edge no longer serves what was invalidated. @default 4000 */
  takesEffectAfter: number;
  /** Milliseconds until the status is Completed. @default 15000 */
  completesAfter: number;
  /** @default 3000 */
  maxPathsInProgress: number;
  /** @default 15 */
  maxWildcardsInProgress: number;
  /** AWS documents one error and users report the other (https://github.com/aws/aws-cdk/issues/3878). @default 'InvalidArgument' */
  callerReferenceError: 'InvalidArgument' | 'InvalidationBatchAlreadyExists';
  /** Whether a repeated caller reference is an error for the same paths, too. @default false */
  refusesRepeatedReference: boolean;
  /** Whether a repeated caller reference is taken for a new one. @default false */
  forgetsReferences: boolean;
  /** Makes the ids of invalidations. @default - of 14 or 26 characters, as both are seen and neither is promised */
  newInvalidationId: () => string;
  /** Milliseconds from a creation until `GetInvalidation` and `ListInvalidations` know of it. @default 0 */
  visibleAfter: number;
  /** Which invalidations are listed first. @default 'newestFirst' */
  order: 'newestFirst' | 'oldestFirst';
  /** How a status is spelled. @default 'Completed' */
  completedStatus: string;
  /** How many cache tags may be in progress, which count as paths besides. AWS does not say. @default 3000 */
  maxTagsInProgress: number;
  /** Whether wildcards also count as paths. @default false */
  countsWildcardsAsPaths: boolean;
  /** Whether the distribution knows cache tags. @default false */
  cacheTags: boolean;
}

/** A distribution, and all invalidations it ever had, oldest first. */
export class Distribution {
  readonly invalidations: Invalidation[] = [];
  readonly settings: DistributionSettings = {
    takesEffectAfter: 4_000,
    completesAfter: 15_000,
    maxPathsInProgress: 3_000,
    maxWildcardsInProgress: 15,
    callerReferenceError: 'InvalidArgument',
    refusesRepeatedReference: false,
    forgetsReferences: false,
    newInvalidationId,
    visibleAfter: 0,
    order: 'newestFirst',
    completedStatus: 'Completed',
    maxTagsInProgress: 3_000,
    countsWildcardsAsPaths: false,
    cacheTags: false,
  };

  constructor(readonly id: string, readonly arn: string) {}

  /** Those that a reader is told of, oldest first. */
  visibleAt(now: number): Invalidation[] {
    return this.invalidations.filter(({ createTime }) => createTime + this.settings.visibleAfter <= now);
  }

  inProgress(): string[] {
    return this.invalidations.filter(({ status }) => status === 'InProgress').flatMap(({ paths }) => paths);
  }
}

/** An invalidation that has reached the edge. */
export interface InvalidationEvent {
  readonly distributionId: string;
  readonly invalidationId: string;
  readonly paths: readonly string[];
}

/** CloudFront's REST-XML API of invalidations. */
export class CloudFront extends Service {
  protected readonly credentialScope: RegExp;

  private readonly distributions = new Map<string, Distribution>();
  private readonly listeners: ((event: InvalidationEvent) => void)[] = [];
  private readonly parser = new XMLParser({ parseTagValue: false, ignoreAttributes: true, trimValues: false, isArray: name => name === 'Path' });
  private readonly builder = new XMLBuilder({ ignoreAttributes: false, format: false });

  constructor(surroundings: Surroundings, private readonly account: string, region: string) {
    super('cloudfront', surroundings);
    // AWS takes the first two only. Given an endpoint of its own, the SDK signs for the Region of the function instead.
    this.credentialScope = new RegExp(`^(us-east-1|cn-northwest-1|${region})/cloudfront$`);
  }

  addDistribution({ id, account }: { readonly id: string; readonly account?: string }): Distribution {
    return this.add(new Distribution(id, `arn:aws:cloudfront::${account ?? this.account}:distribution/${id}`));
  }

  /** A tenant of a multi-tenant distribution, which has invalidations of its own. */
  addDistributionTenant({ id, account }: { readonly id: string; readonly account?: string }): Distribution {
    return this.add(new Distribution(id, `arn:aws:cloudfront::${account ?? this.account}:distribution-tenant/${id}`));
  }

  removeDistribution(id: string): void {
    this.distributions.delete(id);
  }

  distribution(id: string): Distribution {
    const distribution = this.distributions.get(id);
    if (distribution === undefined) {
      throw new Error(`The sandbox has no distribution ${id}`);
    }
    return distribution;
  }

  /** Calls `listener` whenever an invalidation takes effect at the edge. */
  onInvalidation(listener: (event: InvalidationEvent) => void): void {
    this.listeners.push(listener);
  }

  /** Creates an invalidation as somebody else would: it takes its part of the quota. */
  invalidate(distributionId: string, callerReference: string, paths: readonly string[]): Invalidation {
    const distribution = this.distribution(distributionId);
    const invalidation: Invalidation = { id: distribution.settings.newInvalidationId(), createTime: this.surroundings.clock.now(), callerReference, paths, status: 'InProgress' };
    distribution.invalidations.push(invalidation);
    this.surroundings.clock.after(distribution.settings.takesEffectAfter, () =>
      this.listeners.forEach(listener => listener({ distributionId, invalidationId: invalidation.id, paths })));
    this.surroundings.clock.after(distribution.settings.completesAfter, () => {
      invalidation.status = 'Completed';
    });
    return invalidation;
  }

  protected parse({ method, url, body }: RawRequest): Call {
    const [version, resource, distributionId, collection, invalidationId, ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const { suffix, idName, idNameOfGet } = RESOURCES[resource] ?? RESOURCES.distribution;
    if (version !== API_VERSION || !(resource in RESOURCES) || collection !== 'invalidation' || rest.length > 0) {
      throw new ServiceError('NoSuchOperation', 404, `No operation at ${method} ${url.pathname}`);
    }
    if (method === 'POST' && invalidationId === undefined) {
      return { operation: `CreateInvalidation${suffix}`, distributionId, ...this.parseCreation(idName, distributionId, body) };
    }
    if (method === 'GET' && invalidationId === undefined) {
      return { operation: `ListInvalidations${suffix}`, distributionId, input: { ...Object.fromEntries(url.searchParams), [idName]: distributionId } };
    }
    if (method === 'GET') {
      return { operation: `GetInvalidation${suffix}`, distributionId, input: { [idNameOfGet]: distributionId, Id: invalidationId } };
    }
    throw new ServiceError('MethodNotAllowed', 405, 'The specified method is not allowed against this resource.');
  }

  protected perform({ operation, input, distributionId = '' }: Call, caller: Caller | undefined): Answer {
    const isTenant = operation.endsWith('ForDistributionTenant');
    const resource = isTenant ? 'distribution-tenant' : 'distribution';
    if (caller === undefined) {
      throw new ServiceError('InvalidClientTokenId', 403, 'The security token included in the request is invalid.');
    }
    // Nobody but the owner's account knows a distribution: CloudFront has no policy that would admit another.
    const arn = `arn:aws:cloudfront::${caller.role.account}:${resource}/${distributionId}`;
    const candidate = this.distributions.get(distributionId);
    const known = candidate?.arn === arn ? candidate : undefined;
    if (!caller.role.allows(`cloudfront:${operation}`, arn)) {
      throw new ServiceError('AccessDenied', 403, denial(caller.role, caller.session, `cloudfront:${operation}`, arn));
    }
    if (known === undefined) {
      throw isTenant
        ? new ServiceError('EntityNotFound', 404, 'The specified distribution tenant does not exist.')
        : new ServiceError('NoSuchDistribution', 404, 'The specified distribution does not exist.');
    }
    if (operation.startsWith('CreateInvalidation')) {
      return this.create(known, operation, input);
    }
    return operation.startsWith('GetInvalidation') ? this.get(known, String(input.Id)) : this.list(known, operation, input);
  }

  protected error({ code, status, message }: ServiceError): Answer {
    return this.xml(status, 'ErrorResponse', {
      Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
      RequestId: requestId(),
    });
  }

  private add(distribution: Distribution): Distribution {
    this.distributions.set(distribution.id, distribution);
    return distribution;
  }

  private create(distribution: Distribution, operation: string, input: Call['input']): Answer {
    const { InvalidationBatch: batch } = input;
    if (batch === undefined) {
      throw new ServiceError('MissingBody', 400, 'This operation requires a body. Ensure that the body is present and the Content-Type header is set.');
    }
    const problems = problemsOf(model as ApiModel, operation, input);
    if (problems.length > 0 || !isRecord(batch) || !isRecord(batch.Paths)) {
      throw new ServiceError('MalformedInput', 400, problems.join('; '));
    }
    const callerReference = String(batch.CallerReference);
    const paths = (batch.Paths.Items ?? []) as string[];
    if (batch.Paths.Quantity !== paths.length) {
      throw new ServiceError('InconsistentQuantities', 400, 'The value of Quantity and the size of Items do not match.');
    }
    if (paths.length === 0 || callerReference === '') {
      throw new ServiceError('InvalidArgument', 400, 'Your request must contain at least one path and a caller reference.');
    }
    if (!paths.every(path => isValidPath(path, distribution.settings))) {
      throw new ServiceError('InvalidArgument', 400, 'Your request contains one or more invalid invalidation paths.');
    }

    const earlier = distribution.invalidations.find(invalidation => invalidation.callerReference === callerReference);
    if (earlier !== undefined && !distribution.settings.forgetsReferences) {
      if (distribution.settings.refusesRepeatedReference || !isSameSet(earlier.paths, paths)) {
        throw new ServiceError(distribution.settings.callerReferenceError, 400,
          'Your request contains a caller reference that was used for a previous invalidation batch for the same distribution.');
      }
      return this.invalidationAnswer(201, distribution, earlier);
    }

    const { maxWildcardsInProgress, maxPathsInProgress, maxTagsInProgress, countsWildcardsAsPaths } = distribution.settings;
    const exceeds = (all: readonly string[]) => all.filter(isWildcard).length > maxWildcardsInProgress
      || all.filter(path => countsWildcardsAsPaths || !isWildcard(path)).length > maxPathsInProgress
      || all.filter(path => path.startsWith('#')).length > maxTagsInProgress;
    if (exceeds(paths)) {
      throw new ServiceError('BatchTooLarge', 413, 'The number of paths in the invalidation batch is larger than allowed.');
    }
    if (exceeds([...distribution.inProgress(), ...paths])) {
      throw new ServiceError('TooManyInvalidationsInProgress', 400,
        'Processing your request will cause you to exceed the maximum number of in-progress wildcard invalidations or paths.');
    }
    return this.invalidationAnswer(201, distribution, this.invalidate(distribution.id, callerReference, paths));
  }

  private get(distribution: Distribution, id: string): Answer {
    const invalidation = distribution.visibleAt(this.surroundings.clock.now()).find(candidate => candidate.id === id);
    if (invalidation === undefined) {
      throw new ServiceError('NoSuchInvalidation', 404, 'The specified invalidation does not exist.');
    }
    return this.invalidationAnswer(200, distribution, invalidation);
  }

  private list(distribution: Distribution, operation: string, input: Call['input']): Answer {
    const { Marker: marker, MaxItems: maxItems } = input;
    const problems = problemsOf(model as ApiModel, operation, input);
    if (problems.length > 0) {
      throw new ServiceError('InvalidArgument', 400, problems.join('; '));
    }
    const limit = maxItems === undefined ? 100 : Number(maxItems);
    if (!Number.isInteger(limit) || limit < 1) {
      throw new ServiceError('InvalidArgument', 400, 'MaxItems must be a positive integer.');
    }
    const oldestFirst = distribution.visibleAt(this.surroundings.clock.now());
    const listed = distribution.settings.order === 'newestFirst' ? oldestFirst.reverse() : oldestFirst;
    const start = marker === undefined || marker === '' ? 0 : listed.findIndex(({ id }) => id === marker) + 1;
    const items = listed.slice(start, start + limit);
    const isTruncated = start + limit < listed.length;
    return this.xml(200, 'InvalidationList', {
      Marker: marker ?? '',
      ...(isTruncated ? { NextMarker: items[items.length - 1].id } : {}),
      MaxItems: limit,
      IsTruncated: isTruncated,
      Quantity: items.length,
      Items: {
        InvalidationSummary: items.map(({ id, createTime, status }) =>
          ({ Id: id, CreateTime: isoTime(createTime), Status: statusOf(distribution, status) })),
      },
    });
  }

  private invalidationAnswer(status: number, distribution: Distribution, invalidation: Invalidation): Answer {
    const answer = this.xml(status, 'Invalidation', {
      Id: invalidation.id,
      Status: statusOf(distribution, invalidation.status),
      CreateTime: isoTime(invalidation.createTime),
      InvalidationBatch: {
        Paths: { Quantity: invalidation.paths.length, Items: { Path: invalidation.paths } },
        CallerReference: invalidation.callerReference,
      },
    });
    const resource = distribution.arn.split(':').pop();
    const location = `https://cloudfront.amazonaws.com/${API_VERSION}/${resource}/invalidation/${invalidation.id}`;
    return status === 201 ? { ...answer, headers: { ...answer.headers, location } } : answer;
  }

  private parseCreation(idName: string, distributionId: string, body: string): Pick<Call, 'input' | 'problem'> {
    if (body.trim() === '') {
      return { input: { [idName]: distributionId } };
    }
    const parsed: unknown = XMLValidator.validate(body) === true ? this.parser.parse(body) : undefined;
    const batch = isRecord(parsed) ? parsed.InvalidationBatch : undefined;
    return isRecord(batch)
      ? { input: { [idName]: distributionId, InvalidationBatch: batchOf(batch) } }
      : { input: { [idName]: distributionId }, problem: new ServiceError('MalformedXML', 400, 'The XML document is malformed.') };
  }

  private xml(status: number, root: string, content: object): Answer {
    const body = `<?xml version="1.0"?>\n${String(this.builder.build({ [root]: { '@_xmlns': NAMESPACE, ...content } }))}`;
    return { status, body, headers: { 'content-type': 'text/xml' } };
  }
}

function isValidPath(path: string, { cacheTags }: DistributionSettings): boolean {
  if (path.startsWith('#')) {
    return cacheTags && /^#[!-+\--~]{1,256}$/.test(path) && !path.includes('*');
  }
  return path.startsWith('/') && path.length <= 4_000 && !path.slice(0, -1).includes('*') && !UNSAFE_IN_PATH.test(path);
}

/** The batch with a number and a list where the XML has texts and elements. What is not known stays, to be refused. */
function batchOf({ Paths: paths, ...others }: Record<string, unknown>): Record<string, unknown> {
  if (!isRecord(paths)) {
    return { ...withoutBlanks(others), Paths: paths };
  }
  const { Quantity: quantity, Items: items, ...otherPaths } = paths;
  return {
    ...withoutBlanks(others),
    Paths: {
      ...withoutBlanks(otherPaths),
      ...(quantity === undefined ? {} : { Quantity: /^\d+$/.test(String(quantity)) ? Number(quantity) : quantity }),
      ...(items === undefined ? {} : { Items: itemsOf(items) }),
    },
  };
}

function itemsOf(items: unknown): unknown {
  if (!isRecord(items)) {
    return items === '' ? [] : items;
  }
  const { Path: paths = [], ...others } = withoutBlanks(items);
  return Object.keys(others).length === 0 ? paths : items;
}

/** Without the line breaks and indentation between elements. */
function withoutBlanks({ '#text': text, ...elements }: Record<string, unknown>): Record<string, unknown> {
  return text === undefined || String(text).trim() === '' ? elements : { ...elements, '#text': text };
}

function statusOf({ settings }: Distribution, status: Invalidation['status']): string {
  return status === 'Completed' ? settings.completedStatus : status;
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  const [a, b] = [new Set(left), new Set(right)];
  return a.size === b.size && left.every(path => b.has(path));
}

function isWildcard(path: string): boolean {
  return path.endsWith('*');
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** CloudFront has ids of two lengths, and promises neither. */
function newInvalidationId(): string {
  return `I${Array.from({ length: randomInt(2) === 0 ? 13 : 25 }, () => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'[randomInt(36)]).join('')}`;
}
