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
   * The output of a deployed stack that holds the distribution's id.
   *
   * For a distribution that the pipeline itself deploys, in a `Stage` of the app: the pipeline cannot refer to it otherwise. Its id is known
   * only when the pipeline runs, so that the function may invalidate any distribution of the pipeline's account, unless there is a
   * `distributionRole`: then it may assume that role.
   *
   * @default - none: exactly one of this, `distribution` and `distributionTenant` must be given
   */
  readonly distributionIdOutput?: CfnOutput;
}

/**
 * A step of CDK Pipelines that invalidates a CloudFront cache, for `post` of a stage or of a wave.
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
   * @throws Error unless exactly one of `distributionIdOutput`, `distribution` and `distributionTenant` is given, if `paths` come from an
   *   artifact that is no `FileSet`, or if `freshnessCheck` is about files
   */
  constructor(id: string, private readonly props: CloudFrontInvalidationStepProps) {
    super(id);
    const { distributionIdOutput, distribution, distributionTenant } = props;
    if ([distributionIdOutput, distribution, distributionTenant].filter(given => given !== undefined).length !== 1) {
      throw new Error(`exactly one of distributionIdOutput, distribution and distributionTenant must be given to the step ${quote(id)}`);
    }
    if (props.paths?._artifact !== undefined) {
      throw new Error(`paths of the step ${quote(id)} must come from a FileSet, since CDK Pipelines chooses the artifacts: use InvalidationPaths.changedFilesOf(fileSet) or ` +
        'fromManifestOf(fileSet, fileName)');
    }
    if (props.paths?._fileSet !== undefined) {
      this.addDependencyFileSet(props.paths._fileSet);
    }
    if (props.freshnessCheck?._artifact !== undefined) {
      throw new Error(`freshnessCheck of the step ${quote(id)} must be FreshnessCheck.pages(), since CDK Pipelines chooses the artifacts`);
    }
    if (distributionIdOutput === undefined) {
      targetResourceOf(props);
    } else {
      this.distributionId = pipelines.StackOutputReference.fromCfnOutput(distributionIdOutput);
    }
  }

  /**
   * The outputs that the deployment has to hand on.
   */
  public get consumedStackOutputs(): pipelines.StackOutputReference[] {
    return this.distributionId === undefined ? [] : [this.distributionId];
  }

  /**
   * Adds the action to the pipeline. Called by CDK Pipelines.
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
