import { App, CfnParameter, Duration, Fn, NestedStack, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CloudFrontInvalidationStage, InvalidationPaths, type ChangedFilesOptions, type CloudFrontInvalidationOptions } from '../../src';
import { givenPipeline, givenStack } from '../given';

function warnings(stack: Stack, distribution: cloudfront.IDistribution | cloudfront.CfnDistribution, options: ChangedFilesOptions): string[] {
  return warningsOf(stack, { distribution }, options);
}

function warningsOf(
  stack: Stack, target: Pick<CloudFrontInvalidationOptions, 'distribution' | 'distributionTenant'>, options: ChangedFilesOptions,
): string[] {
  new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline: givenPipeline(stack),
    ...target,
    paths: InvalidationPaths.changedFiles(codepipeline.Artifact.artifact('site'), { deployedBy: ['Source.Source'], ...options }),
  });
  return Annotations.fromStack(stack).findWarning('*', Match.anyValue()).map(({ entry }) => String(entry.data)).filter(text => text.includes('changedFiles'));
}

function givenDistribution(
  stack: Stack, props: Partial<cloudfront.DistributionProps> = {}, behavior: Partial<cloudfront.BehaviorOptions> = {},
): cloudfront.Distribution {
  return new cloudfront.Distribution(stack, 'Distribution', { defaultBehavior: { origin: new HttpOrigin('www.example.com'), ...behavior }, ...props });
}

describe('query strings in the cache key', () => {
  const WARNING = "changedFiles leaves pages with query strings in the cache, because the cache policy of 'Stack/Distribution/Resource' includes query strings in the cache key. " +
    'Set queryStrings to true. [ack: cdk-cloudfront-invalidation-stage:queryStrings]';

  test.each<[string, (stack: Stack) => cloudfront.ICachePolicy, boolean]>([
    ['CACHING_OPTIMIZED', () => cloudfront.CachePolicy.CACHING_OPTIMIZED, false],
    ['USE_ORIGIN_CACHE_CONTROL_HEADERS', () => cloudfront.CachePolicy.USE_ORIGIN_CACHE_CONTROL_HEADERS, false],
    ['USE_ORIGIN_CACHE_CONTROL_HEADERS_QUERY_STRINGS', () => cloudfront.CachePolicy.USE_ORIGIN_CACHE_CONTROL_HEADERS_QUERY_STRINGS, true],
    ['AMPLIFY', () => cloudfront.CachePolicy.AMPLIFY, true],
    ['one of the app without them', stack => new cloudfront.CachePolicy(stack, 'Policy'), false],
    ['one of the app with all', stack => new cloudfront.CachePolicy(stack, 'Policy', { queryStringBehavior: cloudfront.CacheQueryStringBehavior.all() }), true],
    ['one of the app with some', stack => new cloudfront.CachePolicy(stack, 'Policy', { queryStringBehavior: cloudfront.CacheQueryStringBehavior.allowList('page') }), true],
  ])('%s: warned about %#', (_, policyOf, warns) => {
    const stack = givenStack();
    expect(warnings(stack, givenDistribution(stack, {}, { cachePolicy: policyOf(stack) }), {})).toEqual(warns ? [WARNING] : []);
  });

  test.each<[string, (reference: string) => string]>([
    ['a text', reference => `${reference}.example.com`],
    ['Fn::Join', reference => Fn.join('.', [reference, 'example.com'])],
    ['Fn::Join of a part', reference => Fn.join('.', ['a', Fn.select(0, Fn.split('.', reference))])],
    ['Fn::Sub', reference => Fn.sub('${Name}.example.com', { Name: reference })],
    ['Fn::Select', reference => Fn.select(0, [reference, 'example.com'])],
    ['Fn::ImportValue', reference => Fn.importValue(reference)],
    ['Fn::FindInMap', reference => Fn.findInMap('Origins', 'Names', reference)],
  ])('where the domain name of the origin is made by %s', (_, nameOf) => {
    const stack = givenStack();
    const { bucketName } = new Bucket(stack, 'Bucket');
    const behavior = { origin: new HttpOrigin(nameOf(bucketName)), cachePolicy: cloudfront.CachePolicy.AMPLIFY };
    const distribution = givenDistribution(stack, { comment: nameOf(bucketName) }, behavior);
    expect(warnings(stack, distribution, {})).toEqual([WARNING]);
    App.of(stack)!.synth();
  });

  test('of a further behavior', () => {
    const stack = givenStack();
    const distribution = givenDistribution(stack);
    distribution.addBehavior('/search/*', new HttpOrigin('search.example.com'), { cachePolicy: cloudfront.CachePolicy.AMPLIFY });
    expect(warnings(stack, distribution, {})).toEqual([WARNING]);
  });

  test('by a policy in another stack, or in one that is nested', () => {
    const app = new App({ analyticsReporting: false });
    const stack = new Stack(app, 'Stack');
    const policies = new Stack(app, 'Policies');
    const props = { queryStringBehavior: cloudfront.CacheQueryStringBehavior.all() };
    const distribution = givenDistribution(stack, {}, { cachePolicy: new cloudfront.CachePolicy(policies, 'Policy', props) });
    expect(warnings(stack, distribution, {})).toEqual([WARNING]);

    const other = givenStack();
    const nested = new cloudfront.CachePolicy(new NestedStack(other, 'Nested'), 'Policy', props);
    expect(warnings(other, givenDistribution(other, {}, { cachePolicy: nested }), {})).toEqual([WARNING]);
  });

  test('of the distribution of a tenant, also in another stack', () => {
    const app = new App({ analyticsReporting: false });
    const [stack, websites] = [new Stack(app, 'Stack'), new Stack(app, 'Websites')];
    const { distributionId } = givenDistribution(websites, {}, { cachePolicy: cloudfront.CachePolicy.AMPLIFY });
    const distributionTenant = new cloudfront.CfnDistributionTenant(stack, 'Tenant', { name: 'customer', distributionId, domains: ['www.example.com'] });
    expect(warningsOf(stack, { distributionTenant }, {})).toEqual([WARNING.replace('Stack/', 'Websites/')]);
  });

  test('of an L1 distribution with forwarded values', () => {
    const stack = givenStack();
    const distribution = new cloudfront.CfnDistribution(stack, 'Distribution', {
      distributionConfig: {
        enabled: true,
        origins: [{ id: 'o', domainName: 'www.example.com', customOriginConfig: { originProtocolPolicy: 'https-only' } }],
        defaultCacheBehavior: { targetOriginId: 'o', viewerProtocolPolicy: 'redirect-to-https', forwardedValues: { queryString: true } },
      },
    });
    expect(warnings(stack, distribution, {})).toEqual([WARNING.replace('/Resource', '')]);
  });

  test('are no concern with queryStrings: true', () => {
    const stack = givenStack();
    expect(warnings(stack, givenDistribution(stack, {}, { cachePolicy: cloudfront.CachePolicy.AMPLIFY }), { queryStrings: true })).toEqual([]);
  });
});

describe('error pages', () => {
  const errorResponses = [
    { httpStatus: 403, responseHttpStatus: 200, responsePagePath: '/docs/index.html' }, { httpStatus: 404, responsePagePath: '/404.html' }, { httpStatus: 500, ttl: Duration.seconds(1) },
  ];

  test('that are not listed are warned about', () => {
    const stack = givenStack();
    expect(warnings(stack, givenDistribution(stack, { errorResponses }), { urlPath: '/docs/' })).toEqual([
      "changedFiles leaves old error pages in the cache, because 'Stack/Distribution/Resource' serves 'index.html', '404.html' under any URL. " +
        "Set errorDocuments to ['index.html', '404.html'], or acknowledge this warning if such a page is not a file in the artifact. [ack: cdk-cloudfront-invalidation-stage:errorDocuments]",
    ]);
  });

  test('that are listed are not', () => {
    const stack = givenStack();
    expect(warnings(stack, givenDistribution(stack, { errorResponses }), { urlPath: 'docs', errorDocuments: ['index.html', '404.html'] })).toEqual([]);
  });
});

describe('the default root object', () => {
  test.each<[string, string | undefined, ChangedFilesOptions, string | undefined]>([
    ['has the default name', 'index.html', {}, undefined],
    ['is not set', undefined, { indexDocuments: ['home.html'] }, undefined],
    ['has another name', 'home.html', {}, "Set indexDocuments to ['index.html', 'home.html']"],
    ['has a slash in front', '/home.html', {}, "Set indexDocuments to ['index.html', 'home.html']"],
    ['is not among those that are listed', 'home.html', { indexDocuments: ['main.html'] }, "Set indexDocuments to ['main.html', 'home.html']"],
    ['is listed', 'home.html', { indexDocuments: ['index.html', 'home.html'] }, undefined],
    ['invalidates everything', 'home.html', { errorDocuments: ['home.html'] }, undefined],
    ['belongs to another site', 'home.html', { urlPath: 'docs' }, undefined],
    ['is in the folder of the site', 'docs/index.html', { urlPath: '/docs/' }, "Add 'index.html' to errorDocuments"],
    ['is in a folder', 'en/index.html', {}, "Add 'en/index.html' to errorDocuments"],
    ['is in a folder and listed', 'en/index.html', { errorDocuments: ['en/index.html'] }, undefined],
  ])('is shown at the root, and %s', (_, defaultRootObject, options, advice) => {
    const stack = givenStack();
    expect(warnings(stack, givenDistribution(stack, { defaultRootObject }), options)).toEqual(advice === undefined ? [] : [
      `changedFiles leaves '/' in the cache, because 'Stack/Distribution/Resource' serves '${defaultRootObject}' there. ${advice}. [ack: cdk-cloudfront-invalidation-stage:defaultRootObject]`,
    ]);
  });

  test('is a parameter: nothing is known', () => {
    const stack = givenStack();
    const defaultRootObject = new CfnParameter(stack, 'Root').valueAsString;
    expect(warnings(stack, givenDistribution(stack, { defaultRootObject }), {})).toEqual([]);
  });
});

test('a distribution that a tenant names by its ID tells nothing', () => {
  const stack = givenStack();
  const distributionTenant = new cloudfront.CfnDistributionTenant(stack, 'Tenant', { name: 'customer', distributionId: 'E1', domains: ['www.example.com'] });
  expect(warningsOf(stack, { distributionTenant }, {})).toEqual([]);
});

test('an imported distribution tells nothing', () => {
  const stack = givenStack();
  expect(warnings(stack, cloudfront.Distribution.fromDistributionAttributes(stack, 'D', { distributionId: 'E1', domainName: 'x' }), {})).toEqual([]);
});
