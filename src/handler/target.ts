import type { DistributionRole, JobParameters } from '../contract';

/** What to invalidate: a distribution, or one tenant of a multi-tenant distribution, and the role to assume, if any. */
export interface Target {
  readonly kind: 'distribution' | 'distribution tenant';
  readonly id: string;
  readonly role?: DistributionRole;
}

export function targetOf({ distributionId, distributionTenantId, distributionRole }: JobParameters): Target {
  const role = distributionRole ?? undefined;
  return distributionTenantId === undefined
    ? { kind: 'distribution', id: String(distributionId), role }
    : { kind: 'distribution tenant', id: distributionTenantId, role };
}

/** The target's name in messages. */
export function targetName({ kind, id }: Target): string {
  return `${kind} ${id}`;
}

/** The name of an API operation, which is also the name of the IAM action. */
export function operationOf(operation: 'CreateInvalidation' | 'GetInvalidation' | 'ListInvalidations', { kind }: Target): string {
  return kind === 'distribution' ? operation : `${operation}ForDistributionTenant`;
}
