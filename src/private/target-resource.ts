import { Token } from 'aws-cdk-lib';
import type { aws_cloudfront } from 'aws-cdk-lib/interfaces';
import type { IConstruct } from 'constructs';
import { distributionIdProblem, distributionTenantIdProblem } from '../contract';
import { holdsVariable } from './variables';

/** The two ways to say what is invalidated, of which exactly one is given. */
export interface TargetOptions {
  readonly distribution?: aws_cloudfront.IDistributionRef;
  readonly distributionTenant?: aws_cloudfront.IDistributionTenantRef;
}

/** What is invalidated, in the words of IAM. */
export interface TargetResource {
  readonly construct: IConstruct;
  /** The resource in an ARN. */
  readonly resource: 'distribution' | 'distribution-tenant';
  readonly id: string;
}

/** @throws Error unless there is exactly one target, with an id that may be one */
export function targetResourceOf({ distribution, distributionTenant }: TargetOptions): TargetResource {
  if (distribution !== undefined && distributionTenant !== undefined) {
    throw new Error('distribution and distributionTenant exclude each other: give the tenant alone to invalidate its part of the cache');
  }
  if (distribution !== undefined) {
    const { distributionId } = distribution.distributionRef;
    return { construct: distribution, resource: 'distribution', id: checked(distributionId, distributionIdProblem) };
  }
  if (distributionTenant !== undefined) {
    const { distributionTenantId } = distributionTenant.distributionTenantRef;
    return { construct: distributionTenant, resource: 'distribution-tenant', id: checked(distributionTenantId, distributionTenantIdProblem) };
  }
  throw new Error('distribution or distributionTenant must be given: it is what the action invalidates');
}

function checked(id: string, problemOf: (id: string) => string | undefined): string {
  const problem = Token.isUnresolved(id) || holdsVariable(id) ? undefined : problemOf(id);
  if (problem !== undefined) {
    throw new Error(problem);
  }
  return id;
}
