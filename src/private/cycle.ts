import { CfnResource, Stack } from 'aws-cdk-lib';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type { IConstruct } from 'constructs';
import { isCfnPipeline } from './pipeline';
import { quote } from '../contract';

/**
 * Where a pipeline refers to a function that refers to the pipeline, by itself or in the environment of what it runs. CloudFormation would
 * refuse the template, and name only the resources of the circle.
 */
export function cycleProblems(pipeline: IConstruct, lambdaFunction: IConstruct): string[] {
  const [pipelineResource, functionResource] = [pipeline.node.defaultChild ?? pipeline, lambdaFunction.node.defaultChild];
  const stack = Stack.of(pipeline);
  if (!isCfnPipeline(pipelineResource) || !CfnResource.isCfnResource(functionResource) || stack !== Stack.of(lambdaFunction)) {
    // Between two stacks, CDK finds it.
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
 * Checks that the stack of a function may refer to that of a pipeline, which has no name that it could tell.
 *
 * @throws Error where the pipeline refers to something else in the stack of the function
 */
export function checkDirection(invalidationFunction: IConstruct, pipeline: IConstruct, uses: readonly IConstruct[]): void {
  const [own, other] = [Stack.of(invalidationFunction), Stack.of(pipeline)];
  const used = own === other ? undefined : uses.find(construct => Stack.of(construct) === own);
  if (used !== undefined) {
    throw new Error(`pipelineName must be given to ${quote(pipeline.node.path)}, since the function is of another stack and changedFiles needs to know the name: ` +
      `the stack ${quote(own.node.path)} would refer to the pipeline, and the pipeline refers to ${quote(used.node.path)} in it. Or leave function out.`);
  }
}

function problemOf(path: string, pipeline: codepipeline.CfnPipeline): string {
  return `${quote(path)} refers to lambdaFunction, which refers to the pipeline ${quote(pipeline.node.path)}, since changedFiles needs to know its name: a circle. ` +
    'Refer to functionName or functionArn of the CloudFrontInvalidationFunction instead, or give the pipeline a name.';
}

function textOf(stack: Stack, value: unknown): string {
  return JSON.stringify(stack.resolve(value)) ?? '';
}

function refersTo(text: string, stack: Stack, resource: CfnResource): boolean {
  const id = JSON.stringify(stack.resolve(resource.logicalId));
  return text.includes(`{"Ref":${id}}`) || text.includes(`{"Fn::GetAtt":[${id},`);
}
