import type { Duration } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { aws_cloudfront } from 'aws-cdk-lib/interfaces';
import type { CloudFrontInvalidationFunction } from './cloudfront-invalidation-function';
import type { FreshnessCheck } from './freshness-check';
import type { InvalidationPaths } from './invalidation-paths';

/**
 * What an action does if it cannot invalidate the cache.
 */
export enum InvalidationFailurePolicy {
  /**
   * The action and its stage fail, so nobody mistakes a stale website for a fresh one.
   */
  FAIL = 'FAIL',

  /**
   * The action succeeds. Its summary and its variables `status`, `errorType` and `errorMessage` say what went wrong.
   *
   * Use it if later stages must run even when the invalidation fails.
   */
  WARN = 'WARN',
}

/**
 * What to invalidate and how to wait for it. One action invalidates one distribution or one distribution tenant.
 */
export interface CloudFrontInvalidationOptions {
  /**
   * The distribution to invalidate: an L2 `Distribution`, an L1 `CfnDistribution`, or an imported one.
   *
   * @default - none: specify exactly one of `distribution` and `distributionTenant`
   */
  readonly distribution?: aws_cloudfront.IDistributionRef;

  /**
   * One tenant of a multi-tenant distribution (CloudFront SaaS Manager). Invalidates only this tenant's part of the cache.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-config-options.html
   *
   * @default - none: specify exactly one of `distribution` and `distributionTenant`
   */
  readonly distributionTenant?: aws_cloudfront.IDistributionTenantRef;

  /**
   * A role that the function assumes before it calls CloudFront, such as a `CloudFrontInvalidationRole`.
   *
   * Use it for a distribution in another account. The role must be in that account. The function gets permission to assume the role and
   * needs no permission for the distribution itself.
   *
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html
   *
   * @default - the function's own role calls CloudFront
   */
  readonly distributionRole?: iam.IRole;

  /**
   * The external ID that the trust policy of `distributionRole` requires: 2 to 1,224 letters, digits or any of `_+=,.@:/-`.
   *
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
   *
   * @default - the external ID of the `CloudFrontInvalidationRole`; none for another role
   */
  readonly distributionRoleExternalId?: string;

  /**
   * What to remove from the cache.
   *
   * @default InvalidationPaths.all()
   */
  readonly paths?: InvalidationPaths;

  /**
   * Whether the action stays in progress until CloudFront reports that the invalidation is complete.
   *
   * With `false`, the action succeeds as soon as CloudFront accepts the invalidation.
   *
   * @default true
   */
  readonly waitForCompletion?: boolean;

  /**
   * How long the action waits in total: for CloudFront to accept the invalidation and to complete it.
   *
   * Must be more than zero and at most 24 hours, when CodePipeline ends the action. CloudFront completes most invalidations within half a
   * minute. The rest of the time is for outages and for a full quota.
   *
   * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
   *
   * @default Duration.hours(1)
   */
  readonly timeout?: Duration;

  /**
   * What the action does if it cannot invalidate the cache.
   *
   * @default InvalidationFailurePolicy.FAIL
   */
  readonly failurePolicy?: InvalidationFailurePolicy;

  /**
   * Visits the site after the invalidation is complete. The action succeeds when the site serves the new pages.
   *
   * Cannot be combined with `waitForCompletion: false`.
   *
   * @default - no check: the action succeeds when CloudFront reports that the invalidation is complete
   */
  readonly freshnessCheck?: FreshnessCheck;

  /**
   * The function that does the work. It gets permission to invalidate the distribution, or to assume `distributionRole`.
   *
   * @default - one function for all actions in the pipeline's stack, created on first use
   */
  readonly function?: CloudFrontInvalidationFunction;
}
