import * as fc from 'fast-check';
import { checkParameters, failurePolicyOf, readParameters } from '../../src/handler/parameters';

const ENVIRONMENT = { CLOUDFRONT_DISTRIBUTION_ID: 'E2ENVIRONMENT' };

function parse(userParameters: string | undefined, environment: NodeJS.ProcessEnv = {}) {
  return checkParameters(readParameters(userParameters), environment);
}

test('every parameter as the construct writes it', () => {
  const distributionRole = { arn: 'arn:aws:iam::111122223333:role/team/invalidate', externalId: 'website', pipelineName: 'Website' };
  const parameters = { distributionId: 'E1', distributionRole, waitForCompletion: false, timeoutSeconds: 60, failurePolicy: 'WARN', freshnessCheck: null, paths: ['/a', '/b/*'] };
  expect(parse(JSON.stringify(parameters), ENVIRONMENT)).toEqual(parameters);
});

test.each([undefined, '', '  ', '{}'])('%j is everything of the distribution in the environment, with all defaults', userParameters => {
  expect(parse(userParameters, ENVIRONMENT)).toEqual({
    distributionId: 'E2ENVIRONMENT', distributionRole: null, waitForCompletion: true, timeoutSeconds: 3600, failurePolicy: 'FAIL', freshnessCheck: null, paths: ['/*'],
  });
});

describe('an action that was made by hand', () => {
  test.each(['E2QWRUHEXAMPLE', ' E2QWRUHEXAMPLE\n'])('has the bare id of a distribution: %j', userParameters => {
    expect(parse(userParameters, ENVIRONMENT)).toEqual(parse('{"distributionId":"E2QWRUHEXAMPLE"}'));
  });

  test.each(['E2QWRUHEXAMPLE /*', 'nonsense', 'index-html', '../E2', 'E1,E2', '"E1"', 'true', '12', `E${'1'.repeat(128)}`])('has something else: %j', userParameters => {
    expect(() => parse(userParameters, ENVIRONMENT)).toThrow('UserParameters must be a JSON object or a distribution ID, got ');
  });

  test.each([
    ...['objectPaths', 'OBJECT_PATHS', 'items', 'Items', 'Paths', 'path', 'invalidation-paths', 'pathsToInvalidate', 'files', 'urls']
      .map(name => [name, 'paths', '"paths":["/index.html","/blog/*"]']),
    ...['DISTRIBUTION_ID', 'distribution_id', 'DistributionId', 'distributionID', 'distributionIds', 'distribution', 'CloudFrontDistributionId', 'cfDistId', 'id']
      .map(name => [name, 'distributionId', '"distributionId":"E2QWRUHEXAMPLE"']),
    ['TenantId', 'distributionTenantId', '"distributionTenantId":"dt_2wjDZi3hD1ivOXf6rpZJO1AB"'],
    ['wait', 'waitForCompletion', '"waitForCompletion":false'],
    ['timeout', 'timeoutSeconds', '"timeoutSeconds":600'],
  ])('calls a parameter %s: the message has the name of ours, %s', (name, ours, example) => {
    expect(() => parse(JSON.stringify({ [name]: ['/*'] }), ENVIRONMENT)).toThrow(expect.objectContaining({
      type: 'ConfigurationError',
      message: `UserParameters has an unknown parameter '${name}': expected distributionId, distributionTenantId, distributionRole, waitForCompletion, ` +
        `timeoutSeconds, failurePolicy, freshnessCheck, paths. For ${ours}, write ${example}.`,
    }));
  });
});

test('a tenant takes the place of the distribution in the environment', () => {
  const parameters = parse('{"distributionTenantId":"dt_1"}', ENVIRONMENT);
  expect(parameters).toMatchObject({ distributionTenantId: 'dt_1', paths: ['/*'] });
  expect(parameters).not.toHaveProperty('distributionId');
});

test('a role without an external id', () => {
  const distributionRole = { arn: 'arn:aws:iam::111122223333:role/invalidate' };
  expect(parse(JSON.stringify({ distributionRole }), ENVIRONMENT)).toMatchObject({ distributionRole });
});

test('white space and escapes of a hand-written object are fine', () => {
  expect(parse('{\n  "paths": ["/caf\\u00e9"]\n}', ENVIRONMENT).paths).toEqual(['/café']);
});

describe('a ConfigurationError', () => {
  test.each([
    ['not JSON', 'UserParameters must be a JSON object or a distribution ID, got \'not JSON\'. If it contains a pipeline variable, ' +
      'the variable\'s value must not contain quotes, backslashes or line breaks.'],
    ['/', 'UserParameters must be a JSON object'],
    ['{"paths":["/a"', 'UserParameters must be a JSON object'],
    ['{"paths":["/a"],}', 'UserParameters must be a JSON object'],
    ['{"paths":["/a"]} x', 'UserParameters must be a JSON object'],
    ['{"paths":["/a\nb"]}', 'UserParameters must be a JSON object'],
    ['{/* no */"paths":["/a"]}', 'UserParameters must be a JSON object'],
    ['[]', 'UserParameters must be a JSON object'],
    ['null', 'UserParameters must be a JSON object'],
    ['"E1"', 'UserParameters must be a JSON object'],
    ['1', 'UserParameters must be a JSON object'],
    ['{"path":["/a"]}', "UserParameters has an unknown parameter 'path': expected distributionId,"],
    ['{"__proto__":{}}', "UserParameters has an unknown parameter '__proto__'"],
    ['{"paths":["/a"],"paths":["/b"]}', "UserParameters must name each parameter once, got 'paths' twice. A pipeline variable's value must not contain quotes."],
    ['{"paths":["/a"],"p\\u0061ths":["/b"]}', "UserParameters must name each parameter once, got 'paths' twice"],
    ['{"paths":[]}', 'paths must not be empty'],
    ['{"paths":"/a"}', 'paths must be a list of strings, got \'/a\': write ["/a"]'],
    ['{"paths":"/a /b/*"}', 'paths must be a list of strings, got \'/a /b/*\': write ["/a","/b/*"]'],
    ['{"paths":"/a,/b, #news"}', 'paths must be a list of strings, got \'/a,/b, #news\': write ["/a","/b","#news"]'],
    ['{"paths":["/a /b/*"]}', "paths must be single paths, got '/a /b/*': write a list, '/a', '/b/*'"],
    ['{"paths":["/**"]}', "paths must contain '*' only as their last character, got '/**': write '/*'"],
    ['{"paths":null}', 'paths must be a list of strings'],
    ['{"paths":["/a",1]}', 'paths must be strings, got 1'],
    ['{"paths":["/a","b"]}', "paths must start with '/' or '#', got 'b'"],
    ['{"paths":{}}', 'paths must be a list, or an object with either manifest or changedFiles, got {}'],
    ['{"paths":{"manifest":"a","changedFiles":{}}}', 'paths must be a list, or an object with either manifest or changedFiles'],
    ['{"paths":{"manifest":"a","x":1}}', 'paths must be a list, or an object with either manifest or changedFiles'],
    ['{"paths":{"manifest":"../a"}}', "manifest must be the name of a file in the artifact, such as 'invalidation.txt', got '../a'"],
    ['{"paths":{"manifest":1}}', 'manifest must be the name of a file in the artifact'],
    ['{"paths":{"manifest":"a","manifest":"b"}}', "UserParameters must name each parameter once, got 'manifest' twice"],
    ['{"paths":{"changedFiles":[]}}', 'changedFiles must be an object, got []'],
    ['{"paths":{"changedFiles":{"pipelineName":"P","stageName":"S","actionName":"A"}}}', 'changedFiles must have deployedBy, the actions that deploy the artifact'],
    ['{"paths":{"changedFiles":{"stageName":"S","actionName":"A","deployedBy":["D.D"]}}}', 'changedFiles must have either pipelineName or pipelineNameVariable'],
    ['{"paths":{"changedFiles":{"pipelineName":"P","pipelineNameVariable":"V","stageName":"S","actionName":"A","deployedBy":["D.D"]}}}', 'changedFiles must have either'],
    ['{"paths":{"changedFiles":{"pipelineName":"P","actionName":"A","deployedBy":["D.D"]}}}', 'changedFiles must have a stageName, got undefined'],
    ['{"paths":{"changedFiles":{"pipelineName":"P","stageName":"S","actionName":"A","deployedBy":["D.D"],"bucket":"b"}}}', "changedFiles has an unknown property 'bucket'"],
    ['{"paths":{"changedFiles":{"pipelineName":"P","stageName":"S","actionName":"A","deployedBy":["D.D"],"maxPaths":0}}}', 'maxPaths must be a whole number from 1 to 3000, got 0'],
    ['{"paths":{"changedFiles":{"pipelineName":"P","stageName":"","actionName":"A","deployedBy":["D.D"]}}}', "changedFiles must have a stageName, got ''"],
    ['{"distributionId":"E1","distributionTenantId":"dt_1"}', 'UserParameters must have only one of distributionId and distributionTenantId, got both: remove one'],
    ['{"distributionTenantId":"dt/1"}', 'distributionTenantId must be the ID of a CloudFront distribution tenant'],
    ['{"distributionTenantId":null}', 'distributionTenantId must be the ID of a CloudFront distribution tenant'],
    ['{"distributionId":1}', 'distributionId must be the ID'],
    ['{"distributionId":null}', 'distributionId must be the ID'],
    ['{"distributionId":"../x"}', 'distributionId must be the ID'],
    ['{"distributionRole":"arn:aws:iam::111122223333:role/r"}', 'distributionRole must be an object such as {"arn":'],
    ['{"distributionRole":{}}', 'distributionRole must have the ARN of an IAM role'],
    ['{"distributionRole":{"arn":"arn:aws:iam::111122223333:user/u"}}', 'distributionRole must have the ARN of an IAM role, such as'],
    ['{"distributionRole":{"arn":"arn:aws:iam::111122223333:role/r","externalId":"a b"}}', 'externalId must have 2 to 1224 characters'],
    ['{"distributionRole":{"arn":"arn:aws:iam::111122223333:role/r","externalId":null}}', 'externalId must have 2 to 1224 characters'],
    ['{"distributionRole":{"arn":"arn:aws:iam::111122223333:role/r","pipelineName":1}}', 'distributionRole must have a string as its pipelineName, got 1'],
    ['{"distributionRole":{"arn":"arn:aws:iam::111122223333:role/r","policy":"{}"}}', "distributionRole has an unknown property 'policy'"],
    ['{"waitForCompletion":"yes"}', "waitForCompletion must be true or false, got 'yes'"],
    ['{"timeoutSeconds":0}', 'timeout must be more than 0'],
    ['{"timeoutSeconds":"60"}', 'timeout must be more than 0'],
    ['{"timeoutSeconds":86401}', 'timeout must be more than 0 and at most 86400'],
    ['{"freshnessCheck":{"pages":["http://www.example.com/"]}}', 'freshnessCheck must have URLs that start with'],
    ['{"freshnessCheck":{"files":{"url":"https://www.example.com/","maxPages":0}}}', 'maxPages must be a whole number from 1 to 50, got 0'],
    ['{"freshnessCheck":true}', 'freshnessCheck must be an object with either files or pages, got true'],
    ['{"waitForCompletion":false,"freshnessCheck":{"pages":["https://www.example.com/"]}}', 'freshnessCheck must not be combined with waitForCompletion: false'],
    ['{"failurePolicy":"IGNORE"}', "failurePolicy must be FAIL or WARN, got 'IGNORE'"],
  ])('%s', (userParameters, message) => {
    expect(() => parse(userParameters, ENVIRONMENT)).toThrow(expect.objectContaining({
      name: 'Failure', type: 'ConfigurationError', message: expect.stringContaining(message),
    }));
  });

  test('no distribution anywhere', () => {
    expect(() => parse('{"paths":["/a"]}')).toThrow(expect.objectContaining({
      type: 'ConfigurationError', message: expect.stringMatching(/^distributionId is missing: .*, or set the function's environment variable CLOUDFRONT_DISTRIBUTION_ID\.$/),
    }));
  });
});

test.each(['distributionId', 'distributionTenantId'])('a variable\'s value can change the paths, and nothing else: %s', target => {
  const written = { [target]: 'E1', distributionRole: null, waitForCompletion: true, timeoutSeconds: 3600, failurePolicy: 'FAIL', freshnessCheck: null };
  const hostile = fc.oneof(
    fc.string(),
    fc.constantFrom('"', '\\', '\n', '"],"failurePolicy":"WARN","x":["', '"],"distributionId":"E2","paths":["/', '"],"timeoutSeconds":1}',
      '"],"distributionRole":{"arn":"arn:aws:iam::111122223333:role/r"},"x":["'),
    fc.tuple(fc.constantFrom(...Object.keys(written), 'distributionId', 'distributionTenantId', 'paths'), fc.json()).map(([name, json]) => `"],"${name}":${json},"paths":["/`),
  );
  fc.assert(fc.property(hostile, value => {
    const userParameters = JSON.stringify({ ...written, paths: ['/#{variables.release}/*'] }).replace('#{variables.release}', () => value);
    expectNothingButPaths(userParameters, written);
  }), { numRuns: 2000 });
});

test('a variable\'s value in the URL of a freshness check can change that check, and nothing else', () => {
  const others = { distributionId: 'E1', distributionRole: null, waitForCompletion: true, timeoutSeconds: 3600, failurePolicy: 'FAIL' };
  const names = [...Object.keys(others), 'distributionTenantId', 'paths'];
  const hostile = fc.oneof(
    fc.constantFrom('www.example.com', '"', '"]},"paths":["/x"],"a":{"b":["', '"]},"waitForCompletion":false,"a":{"b":["', '","https://other.example.com'),
    fc.tuple(fc.constantFrom(...names), fc.json()).map(([name, json]) => `"]},"${name}":${json},"freshnessCheck":{"pages":["https://a.example`),
    fc.tuple(fc.constantFrom(...names), fc.json()).map(([name, json]) => `"]},"${name}":${json},"${name}":{"pages":["https://a.example`),
  );
  fc.assert(fc.property(hostile, value => {
    const written = JSON.stringify({ ...others, freshnessCheck: { pages: ['https://#{site.host}/'] }, paths: ['/*'] }).replace('#{site.host}', () => value);
    try {
      const { freshnessCheck, ...parsed } = parse(written, ENVIRONMENT);
      expect(freshnessCheck).toHaveProperty('pages');
      expect(parsed).toEqual({ ...others, paths: ['/*'] });
    } catch (error) {
      expect(error).toMatchObject({ type: 'ConfigurationError' });
    }
  }), { numRuns: 2000 });
});

test('a list that CloudFormation joins can change the paths, and nothing else', () => {
  const written = { distributionId: 'E1', distributionRole: null, waitForCompletion: true, timeoutSeconds: 3600, failurePolicy: 'FAIL', freshnessCheck: null };
  const item = fc.oneof(
    fc.string(),
    fc.constantFrom('/a', '#b', '', '"', '\\', '"],"failurePolicy":"WARN","x":["', '"],"paths":["/', '"],"distributionTenantId":"dt_1","x":["'),
    fc.tuple(fc.constantFrom(...Object.keys(written), 'paths'), fc.json()).map(([name, json]) => `"],"${name}":${json},"x":["/`),
  );
  fc.assert(fc.property(fc.array(item, { minLength: 1, maxLength: 4 }), items => {
    const userParameters = `${JSON.stringify(written).slice(0, -1)},"paths":["${items.join('","')}"]}`;
    expectNothingButPaths(userParameters, written);
  }), { numRuns: 2000 });
});

test('the failure policy is known before anything else is checked', () => {
  expect(failurePolicyOf(readParameters('{"paths":[],"failurePolicy":"WARN"}'))).toBe('WARN');
});

/** Either the parameters are refused, or all but the paths are as they were written. */
function expectNothingButPaths(userParameters: string, written: object): void {
  try {
    const { paths, ...others } = parse(userParameters, ENVIRONMENT);
    expect(paths).not.toEqual([]);
    expect(others).toEqual(written);
  } catch (error) {
    expect(error).toMatchObject({ type: 'ConfigurationError' });
  }
}
