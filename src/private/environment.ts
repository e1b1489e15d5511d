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
 * Checks an action against the accounts, the Regions and the partition that it is going to run in, as far as they are known.
 *
 * @throws Error where the pipeline cannot refer to the distribution or to its role, or has no permission in its account; or cannot invoke the function
 */
export function checkEnvironment(scope: Construct, pipeline: IConstruct, options: CloudFrontInvalidationOptions): void {
  checkFunction(pipeline, options);
  checkAccounts(scope, options);
  checkStages(scope, options.distributionRole);
  const { region } = Stack.of(scope);
  if (region.startsWith('cn-') && holdsTag(options.paths)) {
    warn(scope, 'cacheTagsInChina',
      `paths has cache tags, and CloudFront had none in China when this version was made (the pipeline is in ${region}): the action may fail. Use paths that start with '/'.`);
  }
}

/**
 * Checks that a step has a role for an id that an output of another account holds.
 *
 * @throws Error where it has none
 */
export function checkOutput(scope: IConstruct, output: IConstruct, distributionRole: iam.IRole | undefined): void {
  const accounts = otherAccount(scope, output);
  if (accounts !== undefined && distributionRole === undefined) {
    throw new Error(`distributionRole must be given, since distributionIdOutput ${quote(output.node.path)} belongs to account ${accounts.other}, and the pipeline to ` +
      `account ${accounts.own}: pass a role of account ${accounts.other}, such as a CloudFrontInvalidationRole with a roleName`);
  }
}

/**
 * @throws Error where the function is known to be in another Region than the pipeline: it asks CodePipeline in its own
 */
export function checkRegion(invalidationFunction: IConstruct, pipeline: IConstruct): void {
  const regions = otherRegion(pipeline, invalidationFunction);
  if (regions !== undefined) {
    throw new Error(`function must be in the Region of the pipeline where paths is InvalidationPaths.changedFiles, since it reads the history of ${quote(pipeline.node.path)} there, ` +
      `got one in ${regions.other} and the pipeline in ${regions.own}: leave function out, or make one in ${regions.own}`);
  }
}

function holdsTag(paths: InvalidationPaths | undefined): boolean {
  return Array.isArray(paths?._source) && paths._source.some(path => path.startsWith('#'));
}

function checkAccounts(scope: IConstruct, options: CloudFrontInvalidationOptions): void {
  const { construct, id, resource } = targetResourceOf(options);
  // The function belongs to the account of the pipeline, which may be known of one of the two only.
  const accounts = otherAccount(scope, construct) ?? (options.function && otherAccount(options.function, construct));
  if (accounts === undefined) {
    return;
  }
  const prop = resource === 'distribution' ? 'distribution' : 'distributionTenant';
  const where = `${quote(construct.node.path)} belongs to account ${accounts.other}, and the pipeline to account ${accounts.own}`;
  if (Token.isUnresolved(id)) {
    throw new Error(`${prop} must have an id that the pipeline knows, but ${where}. Deploy it first, and give its id as text: import it with that id ` +
      'beside the pipeline, for example by CfnDistribution.fromDistributionId, and set distributionRole. In CDK Pipelines, ' +
      'use a CloudFrontInvalidationStep with distributionIdOutput.');
  }
  if (options.distributionRole === undefined) {
    throw new Error(`distributionRole must be given, since ${prop} ${where}: pass a role of account ${accounts.other}, such as a CloudFrontInvalidationRole`);
  }
}

/** A function reports to CodePipeline in its own account; a CfnPipeline invokes it in its own Region. */
function checkFunction(pipeline: IConstruct, { function: invalidationFunction }: CloudFrontInvalidationOptions): void {
  if (invalidationFunction === undefined) {
    return;
  }
  const accounts = otherAccount(pipeline, invalidationFunction);
  if (accounts !== undefined) {
    throw new Error(`function must be of account ${accounts.own}, which is the pipeline's, but ${quote(invalidationFunction.node.path)} belongs to account ${accounts.other}, ` +
      'from where it cannot report to CodePipeline. Leave function out, or make one beside the pipeline; for a distribution of another account, set distributionRole.');
  }
  const regions = otherRegion(pipeline, invalidationFunction);
  if (regions !== undefined && isCfnPipeline(pipeline)) {
    throw new Error(`function must be in ${regions.own}, which is the Region of the CfnPipeline ${quote(pipeline.node.path)}, but ` +
      `${quote(invalidationFunction.node.path)} is in ${regions.other}. Leave function out, or make one beside the pipeline.`);
  }
}

/** A name that CDK generates while it synthesises the pipeline comes too late for a Stage that has been synthesised before. */
function checkStages(scope: IConstruct, role: iam.IRole | undefined): void {
  if (role instanceof iam.Role && Stage.of(role) !== Stage.of(scope) && !hasName(role)) {
    throw new Error(`distributionRole must have a roleName, since ${quote(role.node.path)} is deployed by another Stage than the pipeline, which has to know its ARN`);
  }
}

function hasName(role: iam.Role): boolean {
  return Stack.of(role).resolve((role.node.defaultChild as iam.CfnRole).roleName) !== undefined;
}
