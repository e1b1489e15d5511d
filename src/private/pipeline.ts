import { CfnResource, Lazy, Stack } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type { IConstruct } from 'constructs';

export function isPipeline(pipeline: IConstruct): pipeline is codepipeline.Pipeline {
  return 'addStage' in pipeline && typeof pipeline.addStage === 'function';
}

export function isCfnPipeline(pipeline: IConstruct): pipeline is codepipeline.CfnPipeline {
  return CfnResource.isCfnResource(pipeline) && pipeline.cfnResourceType === codepipeline.CfnPipeline.CFN_RESOURCE_TYPE_NAME;
}

/**
 * The name of a pipeline, for a property of that same pipeline, which cannot refer to it: as it was given, or what the
 * name begins with that CloudFormation will choose.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
 */
export function pipelineNameOf(pipeline: IConstruct): string {
  const resource = pipeline.node.defaultChild ?? pipeline;
  if (!isCfnPipeline(resource)) {
    return pipeline.node.id;
  }
  const stack = Stack.of(resource);
  return Lazy.string({ produce: () => stack.resolve(resource.name) ?? `${stack.stackName}-${resource.logicalId}` });
}
