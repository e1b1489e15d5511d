import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { CloudFrontInvalidationOptions } from '../cloudfront-invalidation-options';
import { distributionIdProblem, distributionTenantIdProblem } from '../contract';
import { holdsVariable } from './variables';

/** What an action invalidates, in the words of IAM and of the job's parameters. */
export interface Target {
  readonly construct: IConstruct;
  /** The resource in an ARN. */
  readonly resource: 'distribution' | 'distribution-tenant';
  readonly id: string;
}

/** @throws Error unless there is exactly one target, with an id that may be one */
export function targetOf({ distribution, distributionTenant }: Pick<CloudFrontInvalidationOptions, 'distribution' | 'distributionTenant'>): Target {
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
