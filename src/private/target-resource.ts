import { Token } from 'aws-cdk-lib';
import type { aws_cloudfront } from 'aws-cdk-lib/interfaces';
import type { IConstruct } from 'constructs';
import { distributionIdProblem, distributionTenantIdProblem } from '../contract';
import { holdsVariable } from './variables';

/** The two ways to specify the target. Exactly one is set. */
export interface TargetOptions {
  readonly distribution?: aws_cloudfront.IDistributionRef;
  readonly distributionTenant?: aws_cloudfront.IDistributionTenantRef;
}

/** What to invalidate, in IAM's terms. */
export interface TargetResource {
  readonly construct: IConstruct;
  /** The resource type in an ARN. */
  readonly resource: 'distribution' | 'distribution-tenant';
  readonly id: string;
}

/** @throws Error unless there is exactly one target, with a valid ID */
export function targetResourceOf({ distribution, distributionTenant }: TargetOptions): TargetResource {
  if (distribution !== undefined && distributionTenant !== undefined) {
    throw new Error('only one of distribution and distributionTenant must be specified, got both: specify the tenant alone to invalidate its part of the cache');
  }
  if (distribution !== undefined) {
    const { distributionId } = distribution.distributionRef;
    return { construct: distribution, resource: 'distribution', id: checked(distributionId, distributionIdProblem) };
  }
  if (distributionTenant !== undefined) {
    const { distributionTenantId } = distributionTenant.distributionTenantRef;
    return { construct: distributionTenant, resource: 'distribution-tenant', id: checked(distributionTenantId, distributionTenantIdProblem) };
  }
  throw new Error('distribution or distributionTenant must be specified, got neither: specify what to invalidate');
}

function checked(id: string, problemOf: (id: string) => string | undefined): string {
  const problem = Token.isUnresolved(id) || holdsVariable(id) ? undefined : problemOf(id);
  if (problem !== undefined) {
    throw new Error(problem);
  }
  return id;
}
