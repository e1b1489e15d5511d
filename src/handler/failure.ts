import type { FailureType } from '@aws-sdk/client-codepipeline';
import { isThrottlingError, isTransientError } from '@smithy/service-error-classification';
import { isObject } from './event';
import { nameOf, type Target } from './target';

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

/** An error of CloudFront as a `Failure` to report at once, or as `Busy`: worth another attempt. */
export function fromCloudFront(error: unknown, operation: string, target: Target): Failure | Busy {
  const { name, status, words } = describe(error);
  const subject = nameOf(target);

  switch (name) {
    case 'TooManyInvalidationsInProgress':
      return new Busy('JobFailed', `The invalidation quota of ${subject} is full: ${words}. ` +
        'CloudFront takes 3,000 paths and 15 wildcards of a distribution at a time: invalidate less often, name fewer paths or ' +
        'cover them with one wildcard, wait longer with a longer timeout, or ask AWS for a higher quota.');
    case 'BatchTooLarge':
      return new Busy('JobFailed', `CloudFront found the invalidation of ${subject} too large: ${words}. ` +
        'Name fewer paths or cover them with one wildcard.');
    case 'NoSuchDistribution':
    case 'EntityNotFound':
      return new Failure('ConfigurationError', `CloudFront knows no ${subject} in the function's account: ${words}. ` +
        'Check that it has not been deleted or replaced, and that it belongs to the account of the function.');
    case 'NoSuchInvalidation':
      return new Busy('JobFailed', `CloudFront does not know the invalidation of ${subject} that it has just accepted: ${words}.`);
    case 'InvalidArgument':
      return new Failure('ConfigurationError', `CloudFront refused the invalidation of ${subject}: ${words}. ` +
        'Check the paths: they start with "/" and have "*" at the end only; cache tags start with "#" and need a distribution with cache tags enabled.');
  }
  if (isPermissionError(name, status) && !isWorthAnotherAttempt(error)) {
    return new Failure('PermissionError', `Not allowed to invalidate ${subject}: ${words}. ` +
      `Allow the function's role cloudfront:${operation} on this ${target.kind}, and look for a service control policy or permissions boundary that denies it.`);
  }
  if (isWorthAnotherAttempt(error)) {
    return new Busy('SystemUnavailable', `CloudFront did not answer ${operation} for ${subject}: ${words}. ` +
      'Retry the stage once CloudFront has recovered: https://health.aws.amazon.com');
  }
  return new Failure('JobFailed', `CloudFront refused ${operation} for ${subject}: ${words}.`);
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

function isPermissionError(name: string, status?: number): boolean {
  return status === 403 || name === 'AccessDenied' || name === 'AccessDeniedException';
}
