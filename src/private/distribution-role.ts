import { Stack, Stage, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { targetOf } from './target';
import type { CloudFrontInvalidationOptions } from '../cloudfront-invalidation-options';
import { CloudFrontInvalidationRole } from '../cloudfront-invalidation-role';
import { distributionRoleArnProblem, externalIdProblem, quote, type DistributionRole } from '../contract';

/** The role of an action's options, as a job's parameters name it. */
export function distributionRoleOf({ distributionRole: role, distributionRoleExternalId }: CloudFrontInvalidationOptions): DistributionRole | null {
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

/** @throws Error where the pipeline cannot refer to the distribution or to its role, or has no permission in its account */
export function checkReach(scope: IConstruct, options: CloudFrontInvalidationOptions): void {
  const { distributionRole: role } = options;
  const { construct, id, resource } = targetOf(options);
  const prop = resource === 'distribution' ? 'distribution' : 'distributionTenant';
  const [account, ownAccount] = [accountOf(construct), accountOf(scope)];
  if (account !== undefined && ownAccount !== undefined && account !== ownAccount) {
    const where = `${quote(construct.node.path)} belongs to account ${account}, and the pipeline to account ${ownAccount}`;
    if (Token.isUnresolved(id)) {
      throw new Error(`${prop} must have an id that the pipeline knows, and ${where}. Deploy it first, and give its id as text: import it with that id ` +
        'beside the pipeline, for example by Distribution.fromDistributionAttributes, and set distributionRole; or use a CloudFrontInvalidationStep ' +
        'with distributionIdOutput.');
    }
    if (role === undefined) {
      throw new Error(`distributionRole must be given, since ${prop} ${where}: a role of account ${account}, such as a CloudFrontInvalidationRole`);
    }
  }
  if (role instanceof iam.Role && Stage.of(role) !== Stage.of(scope) && !hasName(role)) {
    throw new Error(`distributionRole must have a roleName, since ${quote(role.node.path)} is deployed by another Stage than the pipeline, which has to know its ARN`);
  }
}

function accountOf(construct: IConstruct): string | undefined {
  const { account } = Stack.of(construct);
  return Token.isUnresolved(account) ? undefined : account;
}

function hasName(role: iam.Role): boolean {
  return Stack.of(role).resolve((role.node.defaultChild as iam.CfnRole).roleName) !== undefined;
}
