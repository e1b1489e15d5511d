import type { Duration } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { aws_cloudfront } from 'aws-cdk-lib/interfaces';
import type { CloudFrontInvalidationFunction } from './cloudfront-invalidation-function';
import type { FreshnessCheck } from './freshness-check';
import type { InvalidationPaths } from './invalidation-paths';

/**
 * What an action does when the cache could not be invalidated.
 */
export enum InvalidationFailurePolicy {
  /**
   * The action fails, and with it the stage: nobody takes a stale website for a fresh one.
   */
  FAIL = 'FAIL',

  /**
   * The action succeeds, and its summary and its variables `status`, `errorType` and `errorMessage` say what went wrong.
   *
   * For pipelines in which later stages must not depend on a cache.
   */
  WARN = 'WARN',
}

/**
 * What to invalidate and how to wait for it. One action invalidates one distribution, or one tenant of it.
 */
export interface CloudFrontInvalidationOptions {
  /**
   * The distribution: an L2 `Distribution`, an L1 `CfnDistribution`, or an imported one.
   *
   * @default - none: exactly one of this and `distributionTenant` must be given
   */
  readonly distribution?: aws_cloudfront.IDistributionRef;

  /**
   * One tenant of a multi-tenant distribution (CloudFront SaaS Manager): only its part of the cache is invalidated.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-config-options.html
   *
   * @default - none: exactly one of this and `distribution` must be given
   */
  readonly distributionTenant?: aws_cloudfront.IDistributionTenantRef;

  /**
   * A role that the function assumes before it calls CloudFront, such as a `CloudFrontInvalidationRole`.
   *
   * For a distribution that belongs to another account: the role does, too. The function may then assume this role, and
   * needs no permission for the distribution itself.
   *
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html
   *
   * @default - the function's own role calls CloudFront
   */
  readonly distributionRole?: iam.IRole;

  /**
   * The external id that the trust policy of `distributionRole` asks for: 2 to 1224 letters, digits and any of `_+=,.@:/-`.
   *
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
   *
   * @default - that of the `CloudFrontInvalidationRole`, or none
   */
  readonly distributionRoleExternalId?: string;

  /**
   * What to remove from the cache.
   *
   * @default InvalidationPaths.all()
   */
  readonly paths?: InvalidationPaths;

  /**
   * Whether the action stays in progress until CloudFront says that the invalidation has completed.
   *
   * With `false` the action succeeds as soon as CloudFront has accepted the invalidation.
   *
   * @default true
   */
  readonly waitForCompletion?: boolean;

  /**
   * How long the action waits in all: for CloudFront to accept the invalidation, and for it to complete.
   *
   * More than zero, and 24 hours at most: CodePipeline ends an action then. CloudFront completes most invalidations within
   * half a minute; the time is for outages and for a quota that is in use.
   *
   * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
   *
   * @default Duration.hours(1)
   */
  readonly timeout?: Duration;

  /**
   * What the action does when the cache could not be invalidated.
   *
   * @default InvalidationFailurePolicy.FAIL
   */
  readonly failurePolicy?: InvalidationFailurePolicy;

  /**
   * Visits the site once the invalidation is complete: the action succeeds when visitors are seen to get the new pages.
   *
   * Not with `waitForCompletion: false`.
   *
   * @default - the action succeeds when CloudFront says that the invalidation is complete
   */
  readonly freshnessCheck?: FreshnessCheck;

  /**
   * The function that does the work. It is given permission to invalidate the distribution.
   *
   * @default - one function for all actions of the pipeline's stack, made on first use
   */
  readonly function?: CloudFrontInvalidationFunction;
}
