import { Stack, Stage, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct, IConstruct } from 'constructs';
import { otherAccount, otherRegion } from './accounts';
import { isCfnPipeline } from './pipeline';
import { targetResourceOf } from './target-resource';
import { warn } from './warnings';
import type { CloudFrontInvalidationOptions } from '../cloudfront-invalidation-options';
import { quote } from '../contract';
import type { InvalidationPaths } from '../invalidation-paths';

/**
 * Checks an action against the accounts, Regions and partition that it will run in, as far as they are known.
 *
 * @throws Error if the pipeline cannot reference the distribution or its role, has no permission in its account, or cannot invoke the
 * function
 */
export function checkEnvironment(scope: Construct, pipeline: IConstruct, options: CloudFrontInvalidationOptions): void {
  checkFunction(pipeline, options);
  checkAccounts(scope, options);
  checkStages(scope, options.distributionRole);
  const { region } = Stack.of(scope);
  if (region.startsWith('cn-') && holdsTag(options.paths)) {
    warn(scope, 'cacheTagsInChina',
      `paths contains cache tags, but CloudFront in China did not support them when this version was released (the pipeline is in ${region}): the action may fail. Use paths that start with '/'.`);
  }
}

/**
 * Checks that a step has a role if the output with the distribution's ID is in another account.
 *
 * @throws Error if it has none
 */
export function checkOutput(scope: IConstruct, output: IConstruct, distributionRole: iam.IRole | undefined): void {
  const accounts = otherAccount(scope, output);
  if (accounts !== undefined && distributionRole === undefined) {
    throw new Error(`distributionRole must be specified, because distributionIdOutput ${quote(output.node.path)} is in account ${accounts.other}, but the pipeline is in ` +
      `account ${accounts.own}: pass a role in account ${accounts.other}, such as a CloudFrontInvalidationRole with a roleName`);
  }
}

/**
 * @throws Error if the function is known to be in another Region than the pipeline: it calls CodePipeline in its own Region
 */
export function checkRegion(invalidationFunction: IConstruct, pipeline: IConstruct): void {
  const regions = otherRegion(pipeline, invalidationFunction);
  if (regions !== undefined) {
    throw new Error(`function must be in the pipeline's Region for InvalidationPaths.changedFiles, because it reads the history of ${quote(pipeline.node.path)} there, ` +
      `got a function in ${regions.other} and a pipeline in ${regions.own}: leave function out, or create one in ${regions.own}`);
  }
}

function holdsTag(paths: InvalidationPaths | undefined): boolean {
  return Array.isArray(paths?._source) && paths._source.some(path => path.startsWith('#'));
}

function checkAccounts(scope: IConstruct, options: CloudFrontInvalidationOptions): void {
  const { construct, id, resource } = targetResourceOf(options);
  // The function is in the pipeline's account, which may be known for only one of the two.
  const accounts = otherAccount(scope, construct) ?? (options.function && otherAccount(options.function, construct));
  if (accounts === undefined) {
    return;
  }
  const prop = resource === 'distribution' ? 'distribution' : 'distributionTenant';
  const where = `${quote(construct.node.path)} is in account ${accounts.other}, but the pipeline is in account ${accounts.own}`;
  if (Token.isUnresolved(id)) {
    throw new Error(`${prop} must have an ID that the pipeline knows: ${where}. Deploy the distribution first, import it next to the pipeline with its ID as literal text, ` +
      'for example with CfnDistribution.fromDistributionId, and set distributionRole. In CDK Pipelines, ' +
      'use a CloudFrontInvalidationStep with distributionIdOutput.');
  }
  if (options.distributionRole === undefined) {
    throw new Error(`distributionRole must be specified, because ${prop} ${where}: pass a role in account ${accounts.other}, such as a CloudFrontInvalidationRole`);
  }
}

/** A function reports to CodePipeline in its own account. A CfnPipeline invokes a function in its own Region. */
function checkFunction(pipeline: IConstruct, { function: invalidationFunction }: CloudFrontInvalidationOptions): void {
  if (invalidationFunction === undefined) {
    return;
  }
  const accounts = otherAccount(pipeline, invalidationFunction);
  if (accounts !== undefined) {
    throw new Error(`function must be in the pipeline's account ${accounts.own}, but ${quote(invalidationFunction.node.path)} is in account ${accounts.other}, ` +
      'where it cannot report to CodePipeline. Leave function out, or create one next to the pipeline. For a distribution in another account, set distributionRole.');
  }
  const regions = otherRegion(pipeline, invalidationFunction);
  if (regions !== undefined && isCfnPipeline(pipeline)) {
    throw new Error(`function must be in ${regions.own}, the Region of the CfnPipeline ${quote(pipeline.node.path)}, but ` +
      `${quote(invalidationFunction.node.path)} is in ${regions.other}. Leave function out, or create one next to the pipeline.`);
  }
}

/** A name that CDK generates while it synthesizes the pipeline comes too late for a Stage that was synthesized before. */
function checkStages(scope: IConstruct, role: iam.IRole | undefined): void {
  if (role instanceof iam.Role && Stage.of(role) !== Stage.of(scope) && !hasName(role)) {
    throw new Error(`distributionRole must have a roleName, because another Stage than the pipeline's deploys ${quote(role.node.path)} and the pipeline needs its ARN: set roleName`);
  }
}

function hasName(role: iam.Role): boolean {
  return Stack.of(role).resolve((role.node.defaultChild as iam.CfnRole).roleName) !== undefined;
}
