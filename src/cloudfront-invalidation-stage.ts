import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type { aws_codepipeline } from 'aws-cdk-lib/interfaces';
import { Construct, type IConstruct } from 'constructs';
import { CloudFrontInvalidationAction } from './cloudfront-invalidation-action';
import type { CloudFrontInvalidationFunction } from './cloudfront-invalidation-function';
import type { CloudFrontInvalidationOptions } from './cloudfront-invalidation-options';
import { quote } from './contract';
import { stageAdder, type AddedStage } from './private/added-stage';
import { targetResourceOf } from './private/target-resource';

/** @see https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html */
const MAX_ACTIONS_PER_STAGE = 50;

/** @see https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html */
const MAX_ACTION_NAME_LENGTH = 100;

const DEFAULT_STAGE_NAME = 'InvalidateCloudFrontCache';

/**
 * Options for `CloudFrontInvalidationStage.addInvalidation()`: one invalidation in the stage.
 */
export interface AddInvalidationOptions extends CloudFrontInvalidationOptions {
  /**
   * The name of the action. Must be unique in its stage.
   *
   * @default - `Invalidate` followed by the construct ID of the distribution, such as `InvalidateWebsiteDistribution`
   */
  readonly actionName?: string;
}

/**
 * Properties of a `CloudFrontInvalidationStage`.
 */
export interface CloudFrontInvalidationStageProps extends AddInvalidationOptions {
  /**
   * The pipeline to add the stage to: an L2 `Pipeline`, an L1 `CfnPipeline`, or a pipeline from a `CfnInclude` template. It must be in this
   * app.
   *
   * For a `CfnPipeline`, the function's resource policy allows the pipeline's role to invoke it, because the role's own policies may be out
   * of reach.
   */
  readonly pipeline: aws_codepipeline.IPipelineRef;

  /**
   * The name of the stage. Must be unique in its pipeline.
   *
   * @default 'InvalidateCloudFrontCache'
   */
  readonly stageName?: string;

  /**
   * Where to place the stage among the stages that the pipeline already has. Specify at most one of `placement`, `justAfterStage` and
   * `rightBeforeStage`.
   *
   * @default - last
   */
  readonly placement?: codepipeline.StagePlacement;

  /**
   * The name of the stage to place this stage after. In a `CfnPipeline`, the named stage may be inside an `Fn::If`: this stage then gets
   * the same condition.
   *
   * @default - last
   */
  readonly justAfterStage?: string;

  /**
   * The name of the stage to place this stage before. In a `CfnPipeline`, the named stage may be inside an `Fn::If`: this stage then gets
   * the same condition.
   *
   * @default - last
   */
  readonly rightBeforeStage?: string;

  /**
   * Whether executions may enter the stage.
   *
   * @default true
   */
  readonly transitionToEnabled?: boolean;

  /**
   * Why executions may not enter the stage. The console shows it.
   *
   * @default 'Transition disabled'
   */
  readonly transitionDisabledReason?: string;

  /**
   * The conditions that must be met before an execution enters the stage.
   *
   * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-conditions.html
   *
   * @default - no conditions
   */
  readonly beforeEntry?: codepipeline.Conditions;

  /**
   * The conditions that must be met for the stage to succeed after its actions have succeeded.
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
 * A pipeline stage that invalidates a CloudFront cache and waits until the invalidation is complete.
 *
 * By default, the stage is the last in the pipeline, after the stage that deploys the site. A rollback of the deploy stage may not run this
 * stage. For pipelines that roll back, add a `CloudFrontInvalidationAction` to the deploy stage instead.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Invalidation.html
 *
 * @example
 * declare const websitePipeline: codepipeline.Pipeline;
 * declare const website: cloudfront.Distribution;
 *
 * new CloudFrontInvalidationStage(this, 'Invalidate', { pipeline: websitePipeline, distribution: website });
 */
export class CloudFrontInvalidationStage extends Construct {
  /**
   * The name of the stage.
   */
  public readonly stageName: string;

  /**
   * The action of the stage's first invalidation. Use it for its `variables`.
   */
  public readonly action: CloudFrontInvalidationAction;

  /**
   * The function that does the work of that action. Use it for alarms and further permissions.
   */
  public readonly function: CloudFrontInvalidationFunction;

  private readonly stage: AddedStage;
  private readonly givenFunction?: CloudFrontInvalidationFunction;
  private readonly actionNames = new Array<string>();

  /**
   * @throws Error if the pipeline is imported, if its stages are not known at synthesis, if the stage to place it next to does not exist,
   * or if `CloudFrontInvalidationAction` rejects an option
   */
  constructor(scope: Construct, id: string, props: CloudFrontInvalidationStageProps) {
    const stageName = props.stageName ?? DEFAULT_STAGE_NAME;
    const addStage = stageAdder(props.pipeline, { ...props, stageName });
    const actionName = props.actionName ?? defaultActionName(targetResourceOf(props).construct, []);
    const action = new CloudFrontInvalidationAction({ ...props, actionName });
    super(scope, id);

    this.stageName = stageName;
    this.stage = addStage();
    this.givenFunction = props.function;
    this.addAction(action);
    this.action = action;
    this.function = action.function;
  }

  /**
   * Adds an action for a further distribution. It runs in parallel with the others and has its own status, retries and variables. The
   * stage's `function` does the work unless you specify another one.
   *
   * @returns the action, for example for its `variables`
   * @throws Error if the stage already has 50 actions, or if `CloudFrontInvalidationAction` rejects an option
   */
  public addInvalidation(options: AddInvalidationOptions): CloudFrontInvalidationAction {
    if (this.actionNames.length >= MAX_ACTIONS_PER_STAGE) {
      throw new Error(`stage ${quote(this.stageName)} already has ${MAX_ACTIONS_PER_STAGE} actions, which is CodePipeline's limit: ` +
        'add another CloudFrontInvalidationStage with a different stageName for further distributions');
    }
    const actionName = options.actionName ?? defaultActionName(targetResourceOf(options).construct, this.actionNames);
    const action = new CloudFrontInvalidationAction({
      ...options,
      function: options.function ?? this.givenFunction,
      actionName,
      role: this.stage.actionRole,
    });
    this.addAction(action);
    return action;
  }

  private addAction(action: CloudFrontInvalidationAction): void {
    this.stage.addAction(action);
    this.actionNames.push(action.actionProperties.actionName);
  }
}

/** `Invalidate` and as much of the distribution's construct path as needed for a unique name, in the characters that an action name may have. */
function defaultActionName(distribution: IConstruct, taken: readonly string[]): string {
  const ids = distribution.node.scopes.map(scope => scope.node.id).filter(id => id !== '').reverse();
  const names = ids.map((_, index) => toActionName(`Invalidate${ids.slice(0, index + 1).reverse().join('')}`));
  const name = names.find(candidate => !taken.includes(candidate));
  if (name === undefined) {
    throw new Error(`actionName must be specified for ${quote(distribution.node.path)}: all names from its construct path are taken`);
  }
  return name;
}

function toActionName(text: string): string {
  return text.replace(/[^A-Za-z0-9.@_-]/g, '').slice(0, MAX_ACTION_NAME_LENGTH);
}
