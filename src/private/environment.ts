import { Stack, Stage, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct, IConstruct } from 'constructs';
import { targetResourceOf } from './target-resource';
import { warn } from './warnings';
import type { CloudFrontInvalidationOptions } from '../cloudfront-invalidation-options';
import { quote } from '../contract';
import type { InvalidationPaths } from '../invalidation-paths';

/**
 * Checks an action against the accounts and the partition that it is going to run in, as far as they are known.
 *
 * @throws Error where the pipeline cannot refer to the distribution or to its role, or has no permission in its account
 */
export function checkEnvironment(scope: Construct, options: CloudFrontInvalidationOptions): void {
  checkAccounts(scope, options);
  checkStages(scope, options.distributionRole);
  const { region } = Stack.of(scope);
  if (region.startsWith('cn-') && holdsTag(options.paths)) {
    warn(scope, 'cacheTagsInChina',
      `paths has cache tags, and CloudFront had none in China when this version was made (the pipeline is in ${region}): the action may fail. Use paths that start with '/'.`);
  }
}

/**
 * @throws Error where the function is known to be in another Region than the pipeline: it asks CodePipeline in its own
 */
export function checkRegion(invalidationFunction: IConstruct, pipeline: IConstruct): void {
  const [region, pipelineRegion] = [Stack.of(invalidationFunction).region, Stack.of(pipeline).region];
  if (!Token.isUnresolved(region) && !Token.isUnresolved(pipelineRegion) && region !== pipelineRegion) {
    throw new Error(`function must be in the Region of the pipeline where paths is InvalidationPaths.changedFiles, since it reads the history of ${quote(pipeline.node.path)} there, ` +
      `got one in ${region} and the pipeline in ${pipelineRegion}: leave function out, or make one in ${pipelineRegion}`);
  }
}

function holdsTag(paths: InvalidationPaths | undefined): boolean {
  return Array.isArray(paths?._source) && paths._source.some(path => path.startsWith('#'));
}

function checkAccounts(scope: IConstruct, options: CloudFrontInvalidationOptions): void {
  const { construct, id, resource } = targetResourceOf(options);
  const [account, ownAccount] = [accountOf(construct), accountOf(scope)];
  if (account === undefined || ownAccount === undefined || account === ownAccount) {
    return;
  }
  const prop = resource === 'distribution' ? 'distribution' : 'distributionTenant';
  const where = `${quote(construct.node.path)} belongs to account ${account}, and the pipeline to account ${ownAccount}`;
  if (Token.isUnresolved(id)) {
    throw new Error(`${prop} must have an id that the pipeline knows, but ${where}. Deploy it first, and give its id as text: import it with that id ` +
      'beside the pipeline, for example by Distribution.fromDistributionAttributes, and set distributionRole. In CDK Pipelines, ' +
      'use a CloudFrontInvalidationStep with distributionIdOutput.');
  }
  if (options.distributionRole === undefined) {
    throw new Error(`distributionRole must be given, since ${prop} ${where}: pass a role of account ${account}, such as a CloudFrontInvalidationRole`);
  }
}

/** A name that CDK generates while it synthesises the pipeline comes too late for a Stage that has been synthesised before. */
function checkStages(scope: IConstruct, role: iam.IRole | undefined): void {
  if (role instanceof iam.Role && Stage.of(role) !== Stage.of(scope) && !hasName(role)) {
    throw new Error(`distributionRole must have a roleName, since ${quote(role.node.path)} is deployed by another Stage than the pipeline, which has to know its ARN`);
  }
}

function accountOf(construct: IConstruct): string | undefined {
  const { account } = Stack.of(construct);
  return Token.isUnresolved(account) ? undefined : account;
}

function hasName(role: iam.Role): boolean {
  return Stack.of(role).resolve((role.node.defaultChild as iam.CfnRole).roleName) !== undefined;
}
