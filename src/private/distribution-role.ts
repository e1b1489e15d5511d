import { Token } from 'aws-cdk-lib';
import type { CloudFrontInvalidationOptions } from '../cloudfront-invalidation-options';
import { CloudFrontInvalidationRole } from '../cloudfront-invalidation-role';
import { distributionRoleArnProblem, externalIdProblem, type DistributionRole } from '../contract';

/**
 * The role of an action's options, as a job's parameters name it.
 *
 * @throws Error where there is an external id and no role, or where one of them cannot be one
 */
export function distributionRoleOf(
  { distributionRole: role, distributionRoleExternalId }: Pick<CloudFrontInvalidationOptions, 'distributionRole' | 'distributionRoleExternalId'>,
): DistributionRole | null {
  if (role === undefined) {
    if (distributionRoleExternalId !== undefined) {
      throw new Error('distributionRoleExternalId needs a distributionRole: it is what the trust policy of that role asks for');
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
