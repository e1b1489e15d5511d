import type { FailureType } from '@aws-sdk/client-codepipeline';
import { isThrottlingError, isTransientError } from '@smithy/service-error-classification';
import { targetName, type Target } from './target';
import { isObject, quote, type DistributionRole } from '../contract';

/** The client corrects its clock by the answer, so that the next attempt is signed with the right time. */
const CLOCK_SKEW_ERRORS = ['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture'];

/** The job cannot succeed: what CodePipeline is told, in words that a person can act on. */
export class Failure extends Error {
  constructor(readonly type: FailureType, message: string) {
    super(message);
    this.name = 'Failure';
  }
}

/** AWS cannot do it now, but may be able to later: waited out until the job's timeout. */
export class Busy extends Error {
  constructor(readonly type: FailureType, message: string) {
    super(message);
    this.name = 'Busy';
  }
}

/** No trouble: what is waited for is on its way. */
export class InProgress extends Busy {
  constructor(message: string) {
    super('JobFailed', message);
  }
}

/** CloudFront has no room for a batch: now, or at all where the batch itself is larger than the quota. */
export class QuotaFull extends Busy {
  constructor(readonly isOfBatch: boolean, message: string) {
    super('JobFailed', message);
  }
}

/** An error of CloudFront as a `Failure` to report at once, or as `Busy`: worth another attempt. */
export function fromCloudFront(error: unknown, operation: string, target: Target): Failure | Busy {
  const { name, words } = describe(error);
  const subject = targetName(target);
  const role = target.role === undefined ? 'the function\'s role' : `the role ${target.role.arn}`;

  switch (name) {
    case 'TooManyInvalidationsInProgress':
      return new QuotaFull(false, `The invalidation quota of ${subject} is full: ${words}. ` +
        'CloudFront takes 3,000 paths and 15 wildcards of a distribution at a time: invalidate less often, name fewer paths or ' +
        'cover them with one wildcard, wait longer with a longer timeout, or ask AWS for a higher quota.');
    case 'BatchTooLarge':
      return new QuotaFull(true, `CloudFront found the invalidation of ${subject} too large: ${words}. ` +
        'Name fewer paths or cover them with one wildcard.');
    case 'NoSuchDistribution':
    case 'EntityNotFound':
      return new Failure('ConfigurationError', `CloudFront knows no ${subject} in the account of ${role}: ${words}. ` +
        'Check that it has not been deleted or replaced. For a distribution of another account, set distributionRole to a role of that account.');
    case 'NoSuchInvalidation':
      return new Busy('JobFailed', `CloudFront does not know the invalidation of ${subject} that it has just accepted: ${words}.`);
    case 'InvalidArgument':
      return new Failure('ConfigurationError', `CloudFront refused the invalidation of ${subject}: ${words}. ` +
        'Check the paths: they start with "/" and have "*" at the end only; cache tags start with "#" and need a distribution with cache tags enabled.');
  }
  if (isPermissionError(error) && !isWorthAnotherAttempt(error)) {
    return new Failure('PermissionError', `Not allowed to invalidate ${subject}: ${words}. ` +
      `Allow ${role} cloudfront:${operation} on this ${target.kind}, and look for a service control policy or permissions boundary that denies it.`);
  }
  if (isWorthAnotherAttempt(error)) {
    return new Busy('SystemUnavailable', `CloudFront did not answer ${operation} for ${subject}: ${words}. ` +
      'Retry the stage once CloudFront has recovered: https://health.aws.amazon.com');
  }
  return new Failure('JobFailed', `CloudFront refused ${operation} for ${subject}: ${words}.`);
}

/** An error of STS, when the function assumed the role that may invalidate the distribution. */
export function fromSts(error: unknown, { arn, externalId }: DistributionRole): Failure | Busy {
  const { name, words } = describe(error);
  if (isWorthAnotherAttempt(error)) {
    return new Busy('SystemUnavailable', `STS did not answer AssumeRole for the role ${arn}: ${words}. ` +
      'Retry the stage once STS has recovered: https://health.aws.amazon.com');
  }
  if (name === 'RegionDisabledException') {
    return new Failure('ConfigurationError', `STS is not active in the Region of the function for the account of the role ${arn}: ${words}. ` +
      'Activate it in the IAM console of that account, under account settings.');
  }
  if (!isPermissionError(error)) {
    return new Failure('ConfigurationError', `STS refused AssumeRole for the role ${arn}: ${words}.`);
  }
  const pipelineSide = 'on the pipeline\'s side, allow the function\'s role sts:AssumeRole on this role, ' +
    'and look for a service control policy or permissions boundary that denies it';
  const distributionSide = 'on the distribution\'s side, check that the role exists, that its trust policy names the function\'s role, ' +
    `and that it asks for ${externalId === undefined ? 'no external id' : `the external id ${quote(externalId)}`}`;
  const fix = whereToFix(words, pipelineSide, distributionSide);
  return new Failure('PermissionError', `Not allowed to assume the role ${arn}: ${words}. ${fix}`);
}

/** AWS does not always say which policy it was: the construct gives the function its permission, so that the other side comes first. */
function whereToFix(words: string, pipelineSide: string, distributionSide: string): string {
  if (/identity-based policy|service control policy|permissions boundary|session policy/.test(words)) {
    return `Fix it ${pipelineSide}.`;
  }
  return /resource-based policy|trust policy/.test(words)
    ? `Fix it ${distributionSide}.`
    : `Most likely ${distributionSide}. If all of that is right: ${pipelineSide}.`;
}

/** The caller reference was used before: CloudFront has two ways to say it (https://github.com/aws/aws-cdk/issues/3878). */
export function isUsedCallerReference(error: unknown): boolean {
  const { name, words } = describe(error);
  return name === 'InvalidationBatchAlreadyExists' || (name === 'InvalidArgument' && /caller ?reference/i.test(words));
}

/** Throttling, outages, network faults and answers that nobody can read; a refusal by the service is final. */
export function isWorthAnotherAttempt(error: unknown): boolean {
  if (!isAnswer(error)) {
    return true;
  }
  const status = error.$metadata.httpStatusCode;
  return isThrottlingError(error) || isTransientError(error) || CLOCK_SKEW_ERRORS.includes(error.name) || status >= 500 || status < 300;
}

/** An error's name and AWS's words, such as `AccessDenied: User … is not authorized to perform …`. */
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

/** An error that AWS answered with, not one met on the way. */
function isAnswer(error: unknown): error is Error & { $metadata: { httpStatusCode: number }; cause?: Error } {
  return error instanceof Error && '$metadata' in error && isObject(error.$metadata) && typeof error.$metadata.httpStatusCode === 'number';
}

export function isPermissionError(error: unknown): boolean {
  const { name, status } = describe(error);
  return status === 403 || name === 'AccessDenied' || name === 'AccessDeniedException';
}
