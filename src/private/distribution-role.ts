import { Token } from 'aws-cdk-lib';
import type { CloudFrontInvalidationOptions } from '../cloudfront-invalidation-options';
import { CloudFrontInvalidationRole } from '../cloudfront-invalidation-role';
import { distributionRoleArnProblem, externalIdProblem, type DistributionRole } from '../contract';

/**
 * The role from an action's options, for a job's parameters.
 *
 * @throws Error if there is an external ID without a role, or if one of them is invalid
 */
export function distributionRoleOf(
  { distributionRole: role, distributionRoleExternalId }: Pick<CloudFrontInvalidationOptions, 'distributionRole' | 'distributionRoleExternalId'>,
): DistributionRole | null {
  if (role === undefined) {
    if (distributionRoleExternalId !== undefined) {
      throw new Error('distributionRoleExternalId must not be set without distributionRole: it is the external ID that the role\'s trust policy requires. Set distributionRole');
    }
    return null;
  }
  const externalId = distributionRoleExternalId ?? (role instanceof CloudFrontInvalidationRole ? role.externalId : undefined);
  const problem = (Token.isUnresolved(role.roleArn) ? undefined : distributionRoleArnProblem(role.roleArn))
    ?? (externalId === undefined || Token.isUnresolved(externalId) ? undefined : externalIdProblem(externalId));
  if (problem !== undefined) {
    throw new Error(problem);
  }
  return { arn: role.roleArn, externalId };
}
