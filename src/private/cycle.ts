import { CfnResource, Stack } from 'aws-cdk-lib';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type { IConstruct } from 'constructs';
import { isCfnPipeline } from './pipeline';
import { quote } from '../contract';

/**
 * Finds circular dependencies: the pipeline, or the environment of something it runs, references a function that references the pipeline.
 * CloudFormation would reject the template and name only the resources.
 */
export function cycleProblems(pipeline: IConstruct, lambdaFunction: IConstruct): string[] {
  const [pipelineResource, functionResource] = [pipeline.node.defaultChild ?? pipeline, lambdaFunction.node.defaultChild];
  const stack = Stack.of(pipeline);
  if (!isCfnPipeline(pipelineResource) || !CfnResource.isCfnResource(functionResource) || stack !== Stack.of(lambdaFunction)) {
    // CDK finds circular dependencies between stacks.
    return [];
  }
  const stages = textOf(stack, pipelineResource.stages);
  const referring = [
    ...(refersTo(stages, stack, functionResource) ? [pipelineResource] : []),
    ...stack.node.findAll().filter(CfnResource.isCfnResource).filter(resource =>
      'environment' in resource && refersTo(textOf(stack, resource.environment), stack, functionResource) && refersTo(stages, stack, resource)),
  ];
  return referring.map(({ node }) => problemOf(node.path, pipelineResource));
}

/**
 * Checks that the function's stack may reference the stack of a pipeline without a fixed name.
 *
 * @throws Error if the pipeline references something else in the function's stack
 */
export function checkDirection(invalidationFunction: IConstruct, pipeline: IConstruct, uses: readonly IConstruct[]): void {
  const [own, other] = [Stack.of(invalidationFunction), Stack.of(pipeline)];
  const used = own === other ? undefined : uses.find(construct => Stack.of(construct) === own);
  if (used !== undefined) {
    throw new Error(`pipelineName must be set for ${quote(pipeline.node.path)}, because the function is in another stack and changedFiles needs the pipeline's name. Otherwise, ` +
      `the stack ${quote(own.node.path)} would reference the pipeline, which already references ${quote(used.node.path)} in that stack. Set pipelineName, or leave function out.`);
  }
}

function problemOf(path: string, pipeline: codepipeline.CfnPipeline): string {
  return `${quote(path)} references lambdaFunction, which references the pipeline ${quote(pipeline.node.path)}, because changedFiles needs its name: a circular dependency. ` +
    'Use functionName or functionArn of the CloudFrontInvalidationFunction instead, or set pipelineName.';
}

function textOf(stack: Stack, value: unknown): string {
  return JSON.stringify(stack.resolve(value)) ?? '';
}

function refersTo(text: string, stack: Stack, resource: CfnResource): boolean {
  const id = JSON.stringify(stack.resolve(resource.logicalId));
  return text.includes(`{"Ref":${id}}`) || text.includes(`{"Fn::GetAtt":[${id},`);
}
