import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { aws_cloudfront, aws_codepipeline } from 'aws-cdk-lib/interfaces';
import { Construct } from 'constructs';
import { CloudFrontInvalidationAction } from './cloudfront-invalidation-action';
import type { CloudFrontInvalidationOptions } from './cloudfront-invalidation-options';
import { quote } from './contract';

/** @see https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html */
const MAX_ACTIONS_PER_STAGE = 50;

/** @see https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html */
const MAX_ACTION_NAME_LENGTH = 100;

const DEFAULT_STAGE_NAME = 'InvalidateCloudFrontCache';

/**
 * One invalidation of a `CloudFrontInvalidationStage`.
 */
export interface CloudFrontStageInvalidationOptions extends CloudFrontInvalidationOptions {
  /**
   * The name of the action, unique in its stage.
   *
   * @default - `Invalidate` and the construct id of the distribution, such as `InvalidateWebsiteDistribution`
   */
  readonly actionName?: string;
}

/**
 * Properties of a `CloudFrontInvalidationStage`.
 */
export interface CloudFrontInvalidationStageProps extends CloudFrontStageInvalidationOptions {
  /**
   * The pipeline that gets the stage: a `Pipeline` of this app.
   */
  readonly pipeline: aws_codepipeline.IPipelineRef;

  /**
   * The name of the stage, unique in its pipeline.
   *
   * @default 'InvalidateCloudFrontCache'
   */
  readonly stageName?: string;

  /**
   * Where the stage goes among the stages that the pipeline has by then.
   *
   * @default - last
   */
  readonly placement?: codepipeline.StagePlacement;

  /**
   * Whether executions may enter the stage.
   *
   * @default true
   */
  readonly transitionToEnabled?: boolean;

  /**
   * Why executions may not enter the stage, for the people who see it in the console.
   *
   * @default 'Transition disabled'
   */
  readonly transitionDisabledReason?: string;

  /**
   * What must hold before an execution enters the stage.
   *
   * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-conditions.html
   *
   * @default - no conditions
   */
  readonly beforeEntry?: codepipeline.Conditions;

  /**
   * What must hold for the stage to succeed once its actions have.
   *
   * @default - no conditions
   */
  readonly onSuccess?: codepipeline.Conditions;

  /**
   * What happens when the stage fails, such as a retry or a rollback.
   *
   * @default - the stage stays failed
   */
  readonly onFailure?: codepipeline.FailureConditions;
}

/**
 * A stage that invalidates a CloudFront cache, and is green when visitors see the new pages.
 *
 * Added to the end of a pipeline, after the stage that deploys the site.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Invalidation.html
 *
 * @example
 * declare const pipeline: codepipeline.Pipeline;
 * declare const distribution: cloudfront.Distribution;
 *
 * new CloudFrontInvalidationStage(this, 'Invalidate', { pipeline, distribution });
 */
export class CloudFrontInvalidationStage extends Construct {
  /**
   * The name of the stage.
   */
  public readonly stageName: string;

  private readonly pipeline: codepipeline.Pipeline;
  private readonly stage: codepipeline.IStage;
  private readonly actionNames = new Array<string>();
  private actionRole?: iam.IRole;

  /**
   * @throws Error if the pipeline is imported, or if an option is one that `CloudFrontInvalidationAction` refuses
   */
  constructor(scope: Construct, id: string, props: CloudFrontInvalidationStageProps) {
    const pipeline = toExtensiblePipeline(props.pipeline);
    const actionName = props.actionName ?? defaultActionName(props.distribution, []);
    const action = new CloudFrontInvalidationAction({ ...optionsOf(props), actionName });
    super(scope, id);

    this.pipeline = pipeline;
    this.stageName = props.stageName ?? DEFAULT_STAGE_NAME;
    this.stage = pipeline.addStage({
      stageName: this.stageName,
      placement: props.placement,
      transitionToEnabled: props.transitionToEnabled,
      transitionDisabledReason: props.transitionDisabledReason,
      beforeEntry: props.beforeEntry,
      onSuccess: props.onSuccess,
      onFailure: props.onFailure,
    });
    this.addAction(action);
  }

  /**
   * Adds an action for a further distribution, in parallel to the others: with a status, a retry and variables of its own.
   *
   * @returns the action, for its `variables`
   * @throws Error if the stage has 50 actions already, or if an option is one that `CloudFrontInvalidationAction` refuses
   */
  public addInvalidation(options: CloudFrontStageInvalidationOptions): CloudFrontInvalidationAction {
    if (this.actionNames.length >= MAX_ACTIONS_PER_STAGE) {
      throw new Error(`stage ${quote(this.stageName)} has ${MAX_ACTIONS_PER_STAGE} actions already, CodePipeline's limit: ` +
        'add another CloudFrontInvalidationStage with a stageName of its own for further distributions');
    }
    const actionName = options.actionName ?? defaultActionName(options.distribution, this.actionNames);
    const action = new CloudFrontInvalidationAction({ ...optionsOf(options), actionName, role: this.actionRole });
    this.addAction(action);
    return action;
  }

  private addAction(action: CloudFrontInvalidationAction): void {
    this.stage.addAction(action);
    this.actionNames.push(action.actionProperties.actionName);
    // CDK makes a role for the first action, unless the pipeline's own is used: all actions of the stage do the same, so they share it.
    if (action._actionRole !== this.pipeline.role) {
      this.actionRole = action._actionRole;
    }
  }
}

function optionsOf(options: CloudFrontInvalidationOptions): CloudFrontInvalidationOptions {
  const { distribution, paths, waitForCompletion, timeout, failurePolicy, function: invalidationFunction } = options;
  return { distribution, paths, waitForCompletion, timeout, failurePolicy, function: invalidationFunction };
}

/** Only the class that makes a pipeline can add a stage to it. */
function toExtensiblePipeline(pipeline: aws_codepipeline.IPipelineRef): codepipeline.Pipeline {
  if ('addStage' in pipeline && typeof pipeline.addStage === 'function') {
    return pipeline as codepipeline.Pipeline;
  }
  throw new Error(`pipeline must be a codepipeline.Pipeline of this app, got ${quote(pipeline.node.path)}: an imported pipeline cannot get another stage. ` +
    'Add the stage where the pipeline is defined, or make a CloudFrontInvalidationFunction here and let an action of that pipeline invoke it.');
}

/** `Invalidate` and as much of the distribution's construct path as it takes to be unique, in the characters of an action's name. */
function defaultActionName(distribution: aws_cloudfront.IDistributionRef, taken: readonly string[]): string {
  const ids = distribution.node.scopes.map(scope => scope.node.id).filter(id => id !== '').reverse();
  const names = ids.map((_, index) => `Invalidate${ids.slice(0, index + 1).reverse().join('')}`.replace(/[^A-Za-z0-9.@_-]/g, '').slice(0, MAX_ACTION_NAME_LENGTH));
  const name = names.find(candidate => !taken.includes(candidate));
  if (name === undefined) {
    throw new Error(`actionName must be given for ${quote(distribution.node.path)}: the names that its construct path yields are taken`);
  }
  return name;
}
