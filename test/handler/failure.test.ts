import { Busy, Failure, describe as describeError, fromCloudFront, isUsedCallerReference, isWorthAnotherAttempt } from '../../src/handler/failure';

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
