import type { FailureType } from '@aws-sdk/client-codepipeline';
import { isThrottlingError, isTransientError } from '@smithy/service-error-classification';
import { targetName, type Target } from './target';
import { isObject, quote, type DistributionRole } from '../contract';

/** The client corrects its clock from the response, so the next attempt is signed with the right time. */
const CLOCK_SKEW_ERRORS = ['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture'];

/** The job cannot succeed. The message is for CodePipeline and says what to do. */
export class Failure extends Error {
  constructor(readonly type: FailureType, message: string) {
    super(message);
    this.name = 'Failure';
  }
}

/** AWS cannot do it now, but may be able to later. The function retries until the job's timeout. */
export class Busy extends Error {
  constructor(readonly type: FailureType, message: string) {
    super(message);
    this.name = 'Busy';
  }
}

/** Not an error: what the function waits for is in progress. */
export class InProgress extends Busy {
  constructor(message: string) {
    super('JobFailed', message);
  }
}

/** CloudFront has no room for a batch: not now, or never if the batch alone exceeds the quota. */
export class QuotaFull extends Busy {
  constructor(readonly isOfBatch: boolean, message: string) {
    super('JobFailed', message);
  }
}

/** Turns a CloudFront error into a `Failure` to report at once, or into `Busy` if another attempt may succeed. */
export function fromCloudFront(error: unknown, operation: string, target: Target): Failure | Busy {
  const { name, words } = describe(error);
  const subject = targetName(target);
  const role = target.role === undefined ? 'the function\'s role' : `the role ${target.role.arn}`;

  switch (name) {
    case 'TooManyInvalidationsInProgress':
      return new QuotaFull(false, `The invalidation quota of ${subject} is full: ${words}. ` +
        'CloudFront accepts 3,000 paths and 15 wildcards at a time for one distribution: invalidate less often, use fewer paths or ' +
        'one wildcard instead, set a longer timeout, or ask AWS for a higher quota.');
    case 'BatchTooLarge':
      return new QuotaFull(true, `The invalidation of ${subject} is too large for CloudFront: ${words}. ` +
        'Use fewer paths or one wildcard instead.');
    case 'NoSuchDistribution':
    case 'EntityNotFound':
      return new Failure('ConfigurationError', `CloudFront cannot find ${subject} in the account of ${role}: ${words}. ` +
        'Check that it has not been deleted or replaced. For a distribution in another account, set distributionRole to a role in that account.');
    case 'NoSuchInvalidation':
      return new Busy('JobFailed', `CloudFront cannot find the invalidation of ${subject} that it has just accepted: ${words}.`);
    case 'InvalidArgument':
      return new Failure('ConfigurationError', `CloudFront rejected the invalidation of ${subject}: ${words}. ` +
        'Check the paths: a path must start with "/" and may contain "*" only as its last character; a cache tag must start with "#" and needs a distribution with cache tags enabled.');
  }
  if (isPermissionError(error) && !isWorthAnotherAttempt(error)) {
    return new Failure('PermissionError', `Not allowed to invalidate ${subject}: ${words}. ` +
      `Allow ${role} to call cloudfront:${operation} on this ${target.kind}, and check that no service control policy or permissions boundary denies it.`);
  }
  if (isWorthAnotherAttempt(error)) {
    return new Busy('SystemUnavailable', `CloudFront did not answer ${operation} for ${subject}: ${words}. ` +
      'Retry the stage once CloudFront has recovered: https://health.aws.amazon.com');
  }
  return new Failure('JobFailed', `CloudFront rejected ${operation} for ${subject}: ${words}.`);
}

/** Turns an STS error into a `Failure` or `Busy`: the function tried to assume the role that may invalidate the distribution. */
export function fromSts(error: unknown, { arn, externalId }: DistributionRole): Failure | Busy {
  const { name, words } = describe(error);
  if (isWorthAnotherAttempt(error)) {
    return new Busy('SystemUnavailable', `STS did not answer AssumeRole for the role ${arn}: ${words}. ` +
      'Retry the stage once STS has recovered: https://health.aws.amazon.com');
  }
  if (name === 'RegionDisabledException') {
    return new Failure('ConfigurationError', `STS is not active in the function\'s Region for the account of the role ${arn}: ${words}. ` +
      'Activate it in the IAM console of that account, under Account settings.');
  }
  if (!isPermissionError(error)) {
    return new Failure('ConfigurationError', `STS rejected AssumeRole for the role ${arn}: ${words}.`);
  }
  const pipelineSide = 'in the pipeline\'s account, allow the function\'s role to call sts:AssumeRole on this role, ' +
    'and check that no service control policy or permissions boundary denies it';
  const distributionSide = 'in the distribution\'s account, check that the role exists, that its trust policy names the function\'s role, ' +
    `and that it requires ${externalId === undefined ? 'no external ID' : `the external ID ${quote(externalId)}`}`;
  const fix = whereToFix(words, pipelineSide, distributionSide);
  return new Failure('PermissionError', `Not allowed to assume the role ${arn}: ${words}. ${fix}`);
}

/**
 * AWS does not always say which policy denied the call. The construct grants the pipeline's side, so the advice starts with the
 * distribution's side.
 */
function whereToFix(words: string, pipelineSide: string, distributionSide: string): string {
  if (/identity-based policy|service control policy|permissions boundary|session policy/.test(words)) {
    return `To fix it ${pipelineSide}.`;
  }
  return /resource-based policy|trust policy/.test(words)
    ? `To fix it ${distributionSide}.`
    : `First, ${distributionSide}. If all of that is right, ${pipelineSide}.`;
}

/** Whether the caller reference was used before: CloudFront reports it in two ways (https://github.com/aws/aws-cdk/issues/3878). */
export function isUsedCallerReference(error: unknown): boolean {
  const { name, words } = describe(error);
  return name === 'InvalidationBatchAlreadyExists' || (name === 'InvalidArgument' && /caller ?reference/i.test(words));
}

/** True for throttling, outages, network errors and unreadable responses. A rejection by the service is final. */
export function isWorthAnotherAttempt(error: unknown): boolean {
  if (!isAnswer(error)) {
    return true;
  }
  const status = error.$metadata.httpStatusCode;
  return isThrottlingError(error) || isTransientError(error) || CLOCK_SKEW_ERRORS.includes(error.name) || status >= 500 || status < 300;
}

/** An error's name and AWS's message, such as `AccessDenied: User … is not authorized to perform …`. */
export function describe(error: unknown): { name: string; status?: number; words: string } {
  if (!(error instanceof Error)) {
    return { name: 'Error', words: String(error) };
  }
  const message = error.message.trim().replace(/\.$/, '');
  return {
    name: error.name,
    status: isAnswer(error) ? error.$metadata.httpStatusCode : undefined,
    words: message && message !== error.name ? `${error.name}: ${message}` : error.name,
  };
}

/** Whether AWS responded with this error: a network error has no response. */
function isAnswer(error: unknown): error is Error & { $metadata: { httpStatusCode: number }; cause?: Error } {
  return error instanceof Error && '$metadata' in error && isObject(error.$metadata) && typeof error.$metadata.httpStatusCode === 'number';
}

export function isPermissionError(error: unknown): boolean {
  const { name, status } = describe(error);
  return status === 403 || name === 'AccessDenied' || name === 'AccessDeniedException';
}
