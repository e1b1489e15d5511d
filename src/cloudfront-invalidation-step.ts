import type { CfnOutput } from 'aws-cdk-lib';
import { CfnDistribution } from 'aws-cdk-lib/aws-cloudfront';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { CloudFrontInvalidationAction } from './cloudfront-invalidation-action';
import type { CloudFrontInvalidationOptions } from './cloudfront-invalidation-options';
import { quote } from './contract';
import { checkOutput } from './private/environment';
import { orderOf } from './private/step-order';
import { targetResourceOf } from './private/target-resource';

/**
 * Properties of a `CloudFrontInvalidationStep`.
 */
export interface CloudFrontInvalidationStepProps extends CloudFrontInvalidationOptions {
  /**
   * A stack output with the distribution's ID.
   *
   * Use it for a distribution that the pipeline itself deploys, in a `Stage` of the app, which the pipeline cannot reference directly. The
   * ID is known only when the pipeline runs, so the function gets permission to invalidate any distribution in the pipeline's account. With
   * a `distributionRole`, it only gets permission to assume that role.
   *
   * @default - none: specify exactly one of `distributionIdOutput`, `distribution` and `distributionTenant`
   */
  readonly distributionIdOutput?: CfnOutput;
}

/**
 * A CDK Pipelines step that invalidates a CloudFront cache. Add it to the `post` steps of a stage or wave.
 *
 * @see https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.pipelines-readme.html
 *
 * @example
 * declare const pipeline: pipelines.CodePipeline;
 * declare const production: Stage;
 * declare const websiteId: CfnOutput;
 *
 * pipeline.addStage(production, {
 *   post: [new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput: websiteId })],
 * });
 */
export class CloudFrontInvalidationStep extends pipelines.Step implements pipelines.ICodePipelineActionFactory {
  private readonly distributionId?: pipelines.StackOutputReference;

  /**
   * @throws Error unless exactly one of `distributionIdOutput`, `distribution` and `distributionTenant` is specified, if `paths` come from
   * an artifact instead of a `FileSet`, or if `freshnessCheck` is not `FreshnessCheck.pages()`
   */
  constructor(id: string, private readonly props: CloudFrontInvalidationStepProps) {
    super(id);
    const { distributionIdOutput, distribution, distributionTenant } = props;
    if ([distributionIdOutput, distribution, distributionTenant].filter(given => given !== undefined).length !== 1) {
      throw new Error(`exactly one of distributionIdOutput, distribution and distributionTenant must be specified for the step ${quote(id)}`);
    }
    if (props.paths?._artifact !== undefined) {
      throw new Error(`paths of the step ${quote(id)} must come from a FileSet, because CDK Pipelines chooses the artifacts: use InvalidationPaths.changedFilesOf(fileSet) or ` +
        'fromManifestOf(fileSet, fileName)');
    }
    if (props.paths?._fileSet !== undefined) {
      this.addDependencyFileSet(props.paths._fileSet);
    }
    if (props.freshnessCheck?._artifact !== undefined) {
      throw new Error(`freshnessCheck of the step ${quote(id)} must be FreshnessCheck.pages(), because CDK Pipelines chooses the artifacts`);
    }
    if (distributionIdOutput === undefined) {
      targetResourceOf(props);
    } else {
      this.distributionId = pipelines.StackOutputReference.fromCfnOutput(distributionIdOutput);
    }
  }

  /**
   * The stack outputs that this step needs.
   */
  public get consumedStackOutputs(): pipelines.StackOutputReference[] {
    return this.distributionId === undefined ? [] : [this.distributionId];
  }

  /**
   * Adds the action to the pipeline. CDK Pipelines calls it.
   */
  public produceAction(stage: codepipeline.IStage, options: pipelines.ProduceActionOptions): pipelines.CodePipelineActionFactoryResult {
    const { distributionIdOutput, paths, ...props } = this.props;
    if (distributionIdOutput !== undefined) {
      checkOutput(options.scope, distributionIdOutput, props.distributionRole);
    }
    const action = new CloudFrontInvalidationAction({
      ...props,
      distribution: this.distributionId === undefined
        ? props.distribution
        : CfnDistribution.fromDistributionId(options.scope, `${options.actionName}Distribution`, options.stackOutputsMap.toCodePipeline(this.distributionId)),
      paths: paths?._fileSet === undefined ? paths : paths._inArtifact(options.artifacts.toCodePipeline(paths._fileSet)),
      actionName: options.actionName,
      runOrder: options.runOrder,
      variablesNamespace: options.variablesNamespace,
    });
    action._order = orderOf(this, options);
    stage.addAction(action);
    return { runOrdersConsumed: 1 };
  }
}
