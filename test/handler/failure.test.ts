import { Busy, Failure, describe as describeError, fromCloudFront, fromSts, isUsedCallerReference, isWorthAnotherAttempt } from '../../src/handler/failure';

function awsError(name: string, httpStatusCode: number, message = ''): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
}

describe('final errors of CloudFront are reported at once', () => {
  test.each([
    ['AccessDenied', 403, 'PermissionError', /cloudfront:GetInvalidation/],
    ['AccessDeniedException', 403, 'PermissionError', /role/],
    ['ExpiredToken', 403, 'PermissionError', /role/],
    ['NoSuchDistribution', 404, 'ConfigurationError', /deleted or replaced/],
    ['EntityNotFound', 404, 'ConfigurationError', /deleted or replaced/],
    ['InvalidArgument', 400, 'ConfigurationError', /Check the paths/],
    ['MissingBody', 400, 'JobFailed', /refused GetInvalidation/],
    ['InconsistentQuantities', 400, 'JobFailed', /refused GetInvalidation/],
  ])('%s → %s', (name, status, type, advice) => {
    const failure = fromCloudFront(awsError(name, status, 'AWS says so.'), 'GetInvalidation', { kind: 'distribution', id: 'E1' });
    expect(failure).toBeInstanceOf(Failure);
    expect(failure.type).toBe(type);
    expect(failure.message).toMatch('distribution E1');
    expect(failure.message).toMatch(`${name}: AWS says so.`);
    expect(failure.message).toMatch(advice);
  });
});

describe('errors that pass are waited out', () => {
  test.each([
    ['TooManyInvalidationsInProgress', 400, 'JobFailed'],
    ['BatchTooLarge', 413, 'JobFailed'],
    ['NoSuchInvalidation', 404, 'JobFailed'],
    ['ServiceUnavailable', 503, 'SystemUnavailable'],
    ['InternalError', 500, 'SystemUnavailable'],
    ['Throttling', 400, 'SystemUnavailable'],
    ['TooManyRequestsException', 429, 'SystemUnavailable'],
    ['RequestTimeTooSkewed', 403, 'SystemUnavailable'],
    ['SyntaxError', 200, 'SystemUnavailable'],
  ])('%s', (name, status, type) => {
    const busy = fromCloudFront(awsError(name, status), 'CreateInvalidation', { kind: 'distribution', id: 'E1' });
    expect(busy).toBeInstanceOf(Busy);
    expect(busy.type).toBe(type);
    expect(busy.message).toMatch('distribution E1');
  });

  test.each([new Error('socket hang up'), Object.assign(new Error('read'), { code: 'ECONNRESET' }), 'no error at all', undefined])('%p', error => {
    expect(isWorthAnotherAttempt(error)).toBe(true);
  });
});

test('what the target\'s role may not do is asked of that role', () => {
  const target = { kind: 'distribution' as const, id: 'E1', role: { arn: 'arn:aws:iam::111122223333:role/r' } };
  expect(fromCloudFront(awsError('AccessDenied', 403), 'GetInvalidation', target).message).toMatch('Allow the role arn:aws:iam::111122223333:role/r cloudfront:GetInvalidation');
  expect(fromCloudFront(awsError('NoSuchDistribution', 404), 'GetInvalidation', target).message).toMatch('in the account of the role arn:aws:iam::111122223333:role/r');
});

describe('errors of STS', () => {
  const ROLE = { arn: 'arn:aws:iam::111122223333:role/r' };
  const PIPELINE_SIDE = "Fix it on the pipeline's side, allow the function's role sts:AssumeRole";
  const DISTRIBUTION_SIDE = "Fix it on the distribution's side, check that the role exists";

  test.each([
    ['because no identity-based policy allows the sts:AssumeRole action', PIPELINE_SIDE],
    ['with an explicit deny in a service control policy', PIPELINE_SIDE],
    ['because no permissions boundary allows the sts:AssumeRole action', PIPELINE_SIDE],
    ['because no resource-based policy allows the sts:AssumeRole action', DISTRIBUTION_SIDE],
    ['with an explicit deny in a resource-based policy', DISTRIBUTION_SIDE],
    ['', "Most likely on the distribution's side"],
  ])('AccessDenied %j → %s', (why, advice) => {
    const failure = fromSts(awsError('AccessDenied', 403, `User: u is not authorized to perform: sts:AssumeRole on resource: r ${why}`), ROLE);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ type: 'PermissionError', message: expect.stringContaining(advice) });
  });

  test.each([
    ['RegionDisabledException', 403, 'ConfigurationError', Failure],
    ['ValidationError', 400, 'ConfigurationError', Failure],
    ['InvalidClientTokenId', 403, 'PermissionError', Failure],
    ['Throttling', 400, 'SystemUnavailable', Busy],
    ['ServiceUnavailable', 503, 'SystemUnavailable', Busy],
  ])('%s', (name, status, type, kind) => {
    const error = fromSts(awsError(name, status), ROLE);
    expect(error).toBeInstanceOf(kind);
    expect(error.type).toBe(type);
    expect(error.message).toMatch(ROLE.arn);
  });
});

test('both forms of the used caller reference are known', () => {
  expect(isUsedCallerReference(awsError('InvalidationBatchAlreadyExists', 400))).toBe(true);
  expect(isUsedCallerReference(awsError('InvalidArgument', 400, 'Your request contains a caller reference that was used for a previous invalidation ' +
    'batch for the same distribution.'))).toBe(true);
  expect(isUsedCallerReference(awsError('InvalidArgument', 400, 'Your request contains one or more invalid invalidation paths.'))).toBe(false);
  expect(isUsedCallerReference(awsError('AccessDenied', 403, 'caller reference'))).toBe(false);
});

test('an error without words is its name', () => {
  expect(describeError(awsError('AccessDenied', 403)).words).toBe('AccessDenied');
});
