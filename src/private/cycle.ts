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
