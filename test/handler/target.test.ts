import { DEFAULT_TIMEOUT_SECONDS, type JobParameters } from '../../src/contract';
import { operationOf, targetName, targetOf } from '../../src/handler/target';

const TARGETS = [{ distributionId: 'E2WEBSITE' }, { distributionTenantId: 'dt_website' }];
const ROLE = { arn: 'arn:aws:iam::210987654321:role/invalidator', externalId: 'website' };

function givenParameters(parameters: Partial<JobParameters>): JobParameters {
  return {
    distributionRole: null,
    waitForCompletion: true,
    timeoutSeconds: DEFAULT_TIMEOUT_SECONDS,
    failurePolicy: 'FAIL',
    freshnessCheck: null,
    paths: ['/*'],
    ...parameters,
  };
}

describe('the target of a job', () => {
  test('is the distribution that it names', () => {
    expect(targetOf(givenParameters({ distributionId: 'E2WEBSITE' }))).toEqual({ kind: 'distribution', id: 'E2WEBSITE' });
  });

  test('is the distribution tenant that it names', () => {
    expect(targetOf(givenParameters({ distributionTenantId: 'dt_website' }))).toEqual({ kind: 'distribution tenant', id: 'dt_website' });
  });

  test.each(TARGETS)('comes with the role that invalidates it: %j', parameters => {
    expect(targetOf(givenParameters({ ...parameters, distributionRole: ROLE })).role).toEqual(ROLE);
  });

  test.each(TARGETS)('has no role where the function invalidates with its own: %j', parameters => {
    expect(targetOf(givenParameters({ ...parameters, distributionRole: null })).role).toBeUndefined();
  });
});

test.each([
  ['distribution', 'E2WEBSITE', 'distribution E2WEBSITE'],
  ['distribution tenant', 'dt_website', 'distribution tenant dt_website'],
] as const)('a %s is called by its kind and its ID', (kind, id, name) => {
  expect(targetName({ kind, id })).toBe(name);
});

test.each(['CreateInvalidation', 'GetInvalidation', 'ListInvalidations'] as const)('%s has a name of its own for a tenant', operation => {
  expect(operationOf(operation, { kind: 'distribution', id: 'E2WEBSITE' })).toBe(operation);
  expect(operationOf(operation, { kind: 'distribution tenant', id: 'dt_website' })).toBe(`${operation}ForDistributionTenant`);
});
