import type { JobParameters } from '../contract';

/** What is invalidated: a distribution, or one tenant of a multi-tenant distribution. */
export interface Target {
  readonly kind: 'distribution' | 'distribution tenant';
  readonly id: string;
}

export function targetOf({ distributionId, distributionTenantId }: JobParameters): Target {
  return distributionTenantId === undefined
    ? { kind: 'distribution', id: String(distributionId) }
    : { kind: 'distribution tenant', id: distributionTenantId };
}

/** The target as messages name it. */
export function nameOf({ kind, id }: Target): string {
  return `${kind} ${id}`;
}

/** The name of an API operation, which is also that of the IAM action. */
export function operationOf(operation: 'CreateInvalidation' | 'GetInvalidation' | 'ListInvalidations', { kind }: Target): string {
  return kind === 'distribution' ? operation : `${operation}ForDistributionTenant`;
}
