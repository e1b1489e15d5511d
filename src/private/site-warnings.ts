import { CfnResource, Stack } from 'aws-cdk-lib';
import { CachePolicy, CfnCachePolicy, CfnDistribution } from 'aws-cdk-lib/aws-cloudfront';
import type { IConstruct } from 'constructs';
import { isObject, quote, type ChangedFilesSite } from '../contract';
import { warn } from './warnings';

/** AWS managed policies with query strings in the cache key. */
const MANAGED_WITH_QUERY_STRINGS: readonly string[] = [
  CachePolicy.AMPLIFY, CachePolicy.ELEMENTAL_MEDIA_PACKAGE, CachePolicy.USE_ORIGIN_CACHE_CONTROL_HEADERS_QUERY_STRINGS,
].map(({ cachePolicyId }) => cachePolicyId);

/**
 * Warns if a distribution in this app caches pages under URLs that the options of `changedFiles` do not cover.
 *
 * @param scope the construct to warn about
 */
export function warnAboutSite(scope: IConstruct, distribution: IConstruct | undefined, options: ChangedFilesSite): void {
  const resource = distribution?.node.defaultChild ?? distribution;
  if (resource === undefined || !CfnResource.isCfnResource(resource) || resource.cfnResourceType !== CfnDistribution.CFN_RESOURCE_TYPE_NAME) {
    // An imported distribution shows nothing about its configuration.
    return;
  }
  const config: unknown = Stack.of(resource).resolve((resource as CfnDistribution).distributionConfig);
  const name = quote(resource.node.path);
  if (!options.queryStrings && behaviorsOf(config).some(behavior => keepsQueryStringsApart(behavior, resource))) {
    warn(scope, 'queryStrings', `changedFiles leaves pages with query strings in the cache, because the cache policy of ${name} includes query strings in the cache key. Set queryStrings to true.`);
  }
  const missing = errorPagesOf(config).map(page => fileOf(page, options.urlPath)).filter(file => !options.errorDocuments?.includes(file));
  if (missing.length > 0) {
    warn(scope, 'errorDocuments', `changedFiles leaves old error pages in the cache, because ${name} serves ${missing.map(quote).join(', ')} under any URL. ` +
      `Set errorDocuments to [${missing.map(quote).join(', ')}], or acknowledge this warning if such a page is not a file in the artifact.`);
  }
}

function behaviorsOf(config: unknown): unknown[] {
  if (!isObject(config)) {
    return [];
  }
  return [config.defaultCacheBehavior, ...(Array.isArray(config.cacheBehaviors) ? config.cacheBehaviors as unknown[] : [])];
}

function keepsQueryStringsApart(behavior: unknown, distribution: CfnResource): boolean {
  if (!isObject(behavior)) {
    return false;
  }
  const { cachePolicyId, forwardedValues } = behavior;
  if (isObject(forwardedValues) && forwardedValues.queryString === true) {
    return true;
  }
  return typeof cachePolicyId === 'string'
    ? MANAGED_WITH_QUERY_STRINGS.includes(cachePolicyId)
    : isObject(cachePolicyId) && policiesOf(distribution).some(policy => isReferenceTo(cachePolicyId, policy) && hasQueryStrings(policy));
}

function policiesOf(distribution: CfnResource): CfnCachePolicy[] {
  return Stack.of(distribution).node.findAll().filter((construct): construct is CfnCachePolicy =>
    CfnResource.isCfnResource(construct) && construct.cfnResourceType === CfnCachePolicy.CFN_RESOURCE_TYPE_NAME);
}

function isReferenceTo(value: Record<string, unknown>, policy: CfnCachePolicy): boolean {
  const logicalId: unknown = Stack.of(policy).resolve(policy.logicalId);
  const attribute = value['Fn::GetAtt'];
  return value.Ref === logicalId || (Array.isArray(attribute) && attribute[0] === logicalId);
}

function hasQueryStrings(policy: CfnCachePolicy): boolean {
  const config: unknown = Stack.of(policy).resolve(policy.cachePolicyConfig);
  const parameters = isObject(config) ? config.parametersInCacheKeyAndForwardedToOrigin : undefined;
  const queryStrings = isObject(parameters) ? parameters.queryStringsConfig : undefined;
  return isObject(queryStrings) && typeof queryStrings.queryStringBehavior === 'string' && queryStrings.queryStringBehavior !== 'none';
}

function errorPagesOf(config: unknown): string[] {
  const responses = isObject(config) && Array.isArray(config.customErrorResponses) ? config.customErrorResponses as unknown[] : [];
  const pages = responses.map(response => isObject(response) ? response.responsePagePath : undefined);
  return [...new Set(pages.filter(page => typeof page === 'string'))];
}

/** The file in the site for an error page of the distribution. */
function fileOf(page: string, urlPath = ''): string {
  const folder = urlPath.replace(/^\/+|\/+$/g, '');
  const path = page.replace(/^\/+/, '');
  return folder !== '' && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}
