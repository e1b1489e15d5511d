import { PhysicalName, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { aws_cloudfront } from 'aws-cdk-lib/interfaces';
import type { Construct } from 'constructs';
import { externalIdProblem } from './contract';
import { targetOfAccount } from './private/accounts';
import { InvalidationPermission } from './private/invalidation-permission';
import { OwnPolicy } from './private/role-policy';

/**
 * Properties of a `CloudFrontInvalidationRole`.
 */
export interface CloudFrontInvalidationRoleProps {
  /**
   * The distribution that the role may invalidate.
   *
   * @default - none: exactly one of this and `distributionTenant` must be given
   */
  readonly distribution?: aws_cloudfront.IDistributionRef;

  /**
   * The tenant of a multi-tenant distribution that the role may invalidate.
   *
   * @default - none: exactly one of this and `distribution` must be given
   */
  readonly distributionTenant?: aws_cloudfront.IDistributionTenantRef;

  /**
   * Who may assume the role: a `CloudFrontInvalidationFunction`, its role, or another principal such as an `ArnPrincipal`.
   *
   * IAM refuses a trust policy that names a role which does not exist: deploy the stack of the function first.
   */
  readonly assumedBy: iam.IGrantable;

  /**
   * What the function must name when it assumes the role: 2 to 1224 letters, digits and any of `_+=,.@:/-`.
   *
   * Stages, actions and steps that are given this role name it by themselves.
   *
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
   *
   * @default - no external id is asked for
   */
  readonly externalId?: string;

  /**
   * The name of the role, unique in its account.
   *
   * Needed where the pipeline cannot refer to the role: in another app, and in a stage of CDK Pipelines.
   *
   * @default - CloudFormation's choice; CDK's, where a stack of another account or Region refers to the role
   */
  readonly roleName?: string;

  /**
   * The path of the role's name.
   *
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names
   *
   * @default /
   */
  readonly path?: string;

  /**
   * What the role is for, in at most 1000 characters.
   *
   * @default 'Invalidates a CloudFront cache for a pipeline'
   */
  readonly description?: string;

  /**
   * The most that the role may ever be allowed.
   *
   * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
   *
   * @default - no permissions boundary
   */
  readonly permissionsBoundary?: iam.IManagedPolicy;
}

/**
 * A role for the account of a distribution, which the function of a pipeline in another account assumes.
 *
 * It may invalidate its distributions, and nothing else.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html
 *
 * @example
 * declare const website: cloudfront.Distribution;
 *
 * new CloudFrontInvalidationRole(this, 'InvalidationRole', {
 *   distribution: website,
 *   assumedBy: new iam.ArnPrincipal('arn:aws:iam::111122223333:role/invalidation-function'),
 *   externalId: 'website',
 *   roleName: 'invalidate-website',
 * });
 */
export class CloudFrontInvalidationRole extends iam.Role {
  /**
   * What the function must name when it assumes the role, if anything.
   */
  public readonly externalId?: string;

  private readonly permission: InvalidationPermission;

  /**
   * @throws Error unless exactly one of `distribution` and `distributionTenant` is given, of the account of the role, or if `externalId` cannot be one
   */
  constructor(scope: Construct, id: string, props: CloudFrontInvalidationRoleProps) {
    const { distribution, distributionTenant, assumedBy, externalId, roleName, description, ...options } = props;
    const target = targetOfAccount(scope, { distribution, distributionTenant });
    const problem = externalId === undefined || Token.isUnresolved(externalId) ? undefined : externalIdProblem(externalId);
    if (problem !== undefined) {
      throw new Error(problem);
    }
    super(scope, id, {
      ...options,
      assumedBy: assumedBy.grantPrincipal,
      externalIds: externalId === undefined ? undefined : [externalId],
      roleName: roleName ?? PhysicalName.GENERATE_IF_NEEDED,
      description: description ?? 'Invalidates a CloudFront cache for a pipeline',
    });
    this.externalId = externalId;
    this.permission = new InvalidationPermission(this, new OwnPolicy(this));
    this.permission.add(target);
  }

  /**
   * Lets the role invalidate a further distribution of its account.
   *
   * @throws Error if the distribution belongs to another account, or if its id cannot be one
   */
  public addDistribution(distribution: aws_cloudfront.IDistributionRef): void {
    this.permission.add(targetOfAccount(this, { distribution }));
  }

  /**
   * Lets the role invalidate a further distribution tenant of its account.
   *
   * @throws Error if the tenant belongs to another account, or if its id cannot be one
   */
  public addDistributionTenant(distributionTenant: aws_cloudfront.IDistributionTenantRef): void {
    this.permission.add(targetOfAccount(this, { distributionTenant }));
  }
}
