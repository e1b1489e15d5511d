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
 * What `CloudFrontInvalidationStage.addInvalidation()` takes: one invalidation of the stage.
 */
export interface AddInvalidationOptions extends CloudFrontInvalidationOptions {
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
export interface CloudFrontInvalidationStageProps extends AddInvalidationOptions {
  /**
   * The pipeline that gets the stage: an L2 `Pipeline` or an L1 `CfnPipeline` of this app, or one that `CfnInclude` has brought in.
   *
   * The policy of the function admits the role of a `CfnPipeline`, since the role itself may be out of reach.
   */
  readonly pipeline: aws_codepipeline.IPipelineRef;

  /**
   * The name of the stage, unique in its pipeline.
   *
   * @default 'InvalidateCloudFrontCache'
   */
  readonly stageName?: string;

  /**
   * Where the stage goes among the stages that the pipeline has by then. At most one of this, `justAfterStage` and `rightBeforeStage`.
   *
   * @default - last
   */
  readonly placement?: codepipeline.StagePlacement;

  /**
   * The name of the stage that this one follows. In a `CfnPipeline`, one within an `Fn::If` is found: this stage gets its condition.
   *
   * @default - last
   */
  readonly justAfterStage?: string;

  /**
   * The name of the stage that this one precedes. In a `CfnPipeline`, one within an `Fn::If` is found: this stage gets its condition.
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
 * Added to the end of a pipeline, after the stage that deploys the site. A rollback of that stage may not run this one: for pipelines that roll
 * back, add a `CloudFrontInvalidationAction` to the stage that deploys.
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
   * The action of the stage's first invalidation, for its `variables`.
   */
  public readonly action: CloudFrontInvalidationAction;

  /**
   * The function that does the work of that action, for alarms and further permissions.
   */
  public readonly function: CloudFrontInvalidationFunction;

  private readonly stage: AddedStage;
  private readonly givenFunction?: CloudFrontInvalidationFunction;
  private readonly actionNames = new Array<string>();

  /**
   * @throws Error if the pipeline is imported, if its stages are not known at synthesis, if there is no stage of the given name beside which to
   *   place it, or if an option is one that `CloudFrontInvalidationAction` refuses
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
   * Adds an action for a further distribution, in parallel to the others: with a status, a retry and variables of its own. The
   * stage's `function` does the work, unless another one is given.
   *
   * @returns the action, for its `variables`
   * @throws Error if the stage has 50 actions already, or if an option is one that `CloudFrontInvalidationAction` refuses
   */
  public addInvalidation(options: AddInvalidationOptions): CloudFrontInvalidationAction {
    if (this.actionNames.length >= MAX_ACTIONS_PER_STAGE) {
      throw new Error(`stage ${quote(this.stageName)} has ${MAX_ACTIONS_PER_STAGE} actions already, CodePipeline's limit: ` +
        'add another CloudFrontInvalidationStage with a stageName of its own for further distributions');
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

/** `Invalidate` and as much of the distribution's construct path as it takes to be unique, in the characters of an action's name. */
function defaultActionName(distribution: IConstruct, taken: readonly string[]): string {
  const ids = distribution.node.scopes.map(scope => scope.node.id).filter(id => id !== '').reverse();
  const names = ids.map((_, index) => toActionName(`Invalidate${ids.slice(0, index + 1).reverse().join('')}`));
  const name = names.find(candidate => !taken.includes(candidate));
  if (name === undefined) {
    throw new Error(`actionName must be given for ${quote(distribution.node.path)}: the names that its construct path yields are taken`);
  }
  return name;
}

function toActionName(text: string): string {
  return text.replace(/[^A-Za-z0-9.@_-]/g, '').slice(0, MAX_ACTION_NAME_LENGTH);
}
