import { Busy, Failure, describe as describeError, fromCloudFront, fromSts, isUsedCallerReference, isWorthAnotherAttempt } from '../../src/handler/failure';

function awsError(name: string, httpStatusCode: number, message = ''): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
}

describe('final errors of CloudFront are reported at once', () => {
  test.each([
    ['AccessDenied', 403, 'PermissionError', /cloudfront:GetInvalidation/],
    ['AccessDeniedException', 403, 'PermissionError', /role/],
    ['ExpiredToken', 403, 'PermissionError', /Allow the function's role .*, and check that no service control policy or permissions boundary denies it\.$/],
    ['AccessDenied', 400, 'PermissionError', /role/],
    ['AccessDeniedException', 400, 'PermissionError', /role/],
    ['NoSuchDistribution', 404, 'ConfigurationError', /deleted or replaced/],
    ['EntityNotFound', 404, 'ConfigurationError', /deleted or replaced/],
    ['InvalidArgument', 400, 'ConfigurationError', /Check the paths/],
    ['MissingBody', 400, 'JobFailed', /rejected GetInvalidation/],
    ['InconsistentQuantities', 400, 'JobFailed', /rejected GetInvalidation/],
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
    expect(busy.name).toBe('Busy');
    expect(busy.type).toBe(type);
    expect(busy.message).toMatch('distribution E1');
  });

  test.each([
    ['TooManyInvalidationsInProgress', /^The invalidation quota of distribution E1 is full: .* invalidate less often, use fewer paths or one wildcard instead, .*or ask AWS for a higher quota\.$/],
    ['BatchTooLarge', /^The invalidation of distribution E1 is too large for CloudFront: .*Use fewer paths or one wildcard instead\.$/],
    ['NoSuchInvalidation', /^CloudFront cannot find the invalidation of distribution E1 that it has just accepted: /],
    ['Throttling', /^CloudFront did not answer CreateInvalidation for distribution E1: .*Retry the stage once CloudFront has recovered: https:/],
  ])('%s says what to do', (name, advice) => {
    expect(fromCloudFront(awsError(name, 400), 'CreateInvalidation', { kind: 'distribution', id: 'E1' }).message).toMatch(advice);
  });

  test.each([
    [199, true], [200, true], [299, true], [300, false], [400, false], [404, false], [499, false], [500, true], [503, true],
  ])('an answer of status %i: %s', (status, isWaitedOut) => {
    expect(isWorthAnotherAttempt(awsError('Whatever', status))).toBe(isWaitedOut);
  });

  test('an error with half of an answer is one met on the way', () => {
    expect(isWorthAnotherAttempt(Object.assign(new Error('x'), { name: 'AccessDenied', $metadata: {} }))).toBe(true);
    expect(isWorthAnotherAttempt(Object.assign(new Error('x'), { name: 'AccessDenied', $metadata: null }))).toBe(true);
  });

  test.each([new Error('socket hang up'), Object.assign(new Error('read'), { code: 'ECONNRESET' }), 'no error at all', undefined])('%p', error => {
    expect(isWorthAnotherAttempt(error)).toBe(true);
  });
});

test('what the target\'s role may not do is asked of that role', () => {
  const target = { kind: 'distribution' as const, id: 'E1', role: { arn: 'arn:aws:iam::111122223333:role/r' } };
  expect(fromCloudFront(awsError('AccessDenied', 403), 'GetInvalidation', target).message).toMatch('Allow the role arn:aws:iam::111122223333:role/r to call cloudfront:GetInvalidation');
  expect(fromCloudFront(awsError('NoSuchDistribution', 404), 'GetInvalidation', target).message).toMatch('in the account of the role arn:aws:iam::111122223333:role/r');
});

describe('errors of STS', () => {
  const ROLE = { arn: 'arn:aws:iam::111122223333:role/r' };
  const PIPELINE_SIDE = "To fix it in the pipeline's account, allow the function's role to call sts:AssumeRole";
  const DISTRIBUTION_SIDE = "To fix it in the distribution's account, check that the role exists";

  test.each([
    ['because no identity-based policy allows the sts:AssumeRole action', PIPELINE_SIDE],
    ['with an explicit deny in a service control policy', PIPELINE_SIDE],
    ['because no permissions boundary allows the sts:AssumeRole action', PIPELINE_SIDE],
    ['because no resource-based policy allows the sts:AssumeRole action', DISTRIBUTION_SIDE],
    ['with an explicit deny in a resource-based policy', DISTRIBUTION_SIDE],
    ['', "First, in the distribution's account"],
  ])('AccessDenied %j → %s', (why, advice) => {
    const failure = fromSts(awsError('AccessDenied', 403, `User: u is not authorized to perform: sts:AssumeRole on resource: r ${why}`), ROLE);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ type: 'PermissionError', message: expect.stringContaining(advice) });
  });

  test.each([
    [undefined, 'and that it requires no external ID.'], ['say "website"', 'and that it requires the external ID \'say "website"\'.'],
  ])('the external id %j is part of the advice', (externalId, advice) => {
    const failure = fromSts(awsError('AccessDenied', 403, 'because no resource-based policy allows it'), { ...ROLE, externalId });
    expect(failure.message).toMatch(advice);
    expect(fromSts(awsError('AccessDenied', 403, 'in a service control policy'), ROLE).message)
      .toMatch('and check that no service control policy or permissions boundary denies it.');
  });

  test.each([
    ['RegionDisabledException', 403, /^STS is not active in the function's Region .*Activate it in the IAM console of that account, under Account settings\.$/],
    ['Throttling', 400, /^STS did not answer AssumeRole for .*Retry the stage once STS has recovered: https:/],
    ['ValidationError', 400, /^STS rejected AssumeRole for the role /],
  ])('%s says what to do', (name, status, advice) => {
    expect(fromSts(awsError(name, status), ROLE).message).toMatch(advice);
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
  expect(isUsedCallerReference(awsError('InvalidArgument', 400, 'The CallerReference was used'))).toBe(true);
  expect(isUsedCallerReference(awsError('AccessDenied', 403, 'caller reference'))).toBe(false);
});

test('an error without words of its own is its name', () => {
  expect(describeError(awsError('AccessDenied', 403)).words).toBe('AccessDenied');
  expect(describeError(awsError('AccessDenied', 403, 'AccessDenied')).words).toBe('AccessDenied');
});

test('the words of an error, without the white space and the full stop at their end', () => {
  expect(describeError(awsError('AccessDenied', 403, ' No. Not you. \n'))).toEqual({ name: 'AccessDenied', status: 403, words: 'AccessDenied: No. Not you' });
  expect(describeError(new Error('socket hang up'))).toEqual({ name: 'Error', status: undefined, words: 'Error: socket hang up' });
  expect(describeError('no error at all')).toEqual({ name: 'Error', words: 'no error at all' });
});
