import { CfnResource, Stack } from 'aws-cdk-lib';
import { CachePolicy, CfnCachePolicy, type CfnDistribution } from 'aws-cdk-lib/aws-cloudfront';
import type { IConstruct } from 'constructs';
import { isObject, quote, type ChangedFilesSite } from '../contract';
import { configOf, listIn, referredTo } from './distribution-config';
import { folderOf } from './s3-deployments';
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
export function warnAboutSite(scope: IConstruct, distribution: CfnDistribution, options: ChangedFilesSite): void {
  const config = configOf(distribution);
  const name = quote(distribution.node.path);
  if (!options.queryStrings && behaviorsOf(config).some(keepsQueryStringsApart)) {
    warn(scope, 'queryStrings', `changedFiles leaves pages with query strings in the cache, because the cache policy of ${name} includes query strings in the cache key. Set queryStrings to true.`);
  }
  const missing = errorPagesOf(config).map(page => fileOf(page, options.urlPath)).filter(file => !options.errorDocuments?.includes(file));
  if (missing.length > 0) {
    warn(scope, 'errorDocuments', `changedFiles leaves old error pages in the cache, because ${name} serves ${missing.map(quote).join(', ')} under any URL. ` +
      `Set errorDocuments to [${missing.map(quote).join(', ')}], or acknowledge this warning if such a page is not a file in the artifact.`);
  }
  const { defaultRootObject } = config;
  const advice = typeof defaultRootObject === 'string' ? rootObjectAdvice(defaultRootObject, options) : undefined;
  if (advice !== undefined) {
    warn(scope, 'defaultRootObject', `changedFiles leaves '/' in the cache, because ${name} serves ${quote(defaultRootObject)} there. ${advice}.`);
  }
}

/** How to invalidate the root, if a file of the site is served there and the options do not say so. */
function rootObjectAdvice(rootObject: string, { urlPath, indexDocuments = ['index.html'], errorDocuments = [] }: ChangedFilesSite): string | undefined {
  const path = rootObject.replace(/^\/+/, '');
  const file = fileOf(path, urlPath);
  if (file === '' || errorDocuments.includes(file) || (file === path && folderOf(urlPath) !== '')) {
    return undefined;
  }
  // An index document is served for its own directory, which is the root only if there is no folder in between.
  if (path.includes('/')) {
    return `Add ${quote(file)} to errorDocuments`;
  }
  return indexDocuments.includes(file) ? undefined : `Set indexDocuments to [${[...indexDocuments, file].map(quote).join(', ')}]`;
}

function behaviorsOf(config: Record<string, unknown>): unknown[] {
  return [config.defaultCacheBehavior, ...listIn(config, 'cacheBehaviors')];
}

function keepsQueryStringsApart(behavior: unknown): boolean {
  if (!isObject(behavior)) {
    return false;
  }
  const { cachePolicyId, forwardedValues } = behavior;
  if (isObject(forwardedValues) && forwardedValues.queryString === true) {
    return true;
  }
  const policy = referredTo(cachePolicyId);
  return policy === undefined
    ? typeof cachePolicyId === 'string' && MANAGED_WITH_QUERY_STRINGS.includes(cachePolicyId)
    : isCachePolicy(policy) && hasQueryStrings(policy);
}

function isCachePolicy(construct: IConstruct): construct is CfnCachePolicy {
  return CfnResource.isCfnResource(construct) && construct.cfnResourceType === CfnCachePolicy.CFN_RESOURCE_TYPE_NAME;
}

function hasQueryStrings(policy: CfnCachePolicy): boolean {
  const config: unknown = Stack.of(policy).resolve(policy.cachePolicyConfig);
  const parameters = isObject(config) ? config.parametersInCacheKeyAndForwardedToOrigin : undefined;
  const queryStrings = isObject(parameters) ? parameters.queryStringsConfig : undefined;
  return isObject(queryStrings) && typeof queryStrings.queryStringBehavior === 'string' && queryStrings.queryStringBehavior !== 'none';
}

function errorPagesOf(config: Record<string, unknown>): string[] {
  const pages = listIn(config, 'customErrorResponses').map(response => isObject(response) ? response.responsePagePath : undefined);
  return [...new Set(pages.filter(page => typeof page === 'string'))];
}

/** The file in the site for a path that the distribution serves. */
function fileOf(page: string, urlPath?: string): string {
  const folder = folderOf(urlPath);
  const path = page.replace(/^\/+/, '');
  return folder !== '' && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}
