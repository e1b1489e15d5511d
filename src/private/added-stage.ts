import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { aws_codepipeline } from 'aws-cdk-lib/interfaces';
import type { CloudFrontInvalidationAction } from '../cloudfront-invalidation-action';
import { quote } from '../contract';
import { CfnStages } from './cfn-stages';
import { isCfnPipeline, isPipeline } from './pipeline';

/** Options of a stage for any kind of pipeline. */
export interface StageOptions extends codepipeline.StageOptions {
  /** Next to the stage with this name. */
  readonly justAfterStage?: string;
  readonly rightBeforeStage?: string;
}

/** A stage that was added to a pipeline. Its actions share one role. */
export interface AddedStage {
  /** The role for the next action, or `undefined` if the pipeline decides. */
  readonly actionRole?: iam.IRole;
  addAction(action: CloudFrontInvalidationAction): void;
}

/**
 * Checks that a stage can be added to a pipeline.
 *
 * @returns a function that adds it
 * @throws Error if the pipeline is imported, or its stages are not known before deployment
 */
export function stageAdder(pipeline: aws_codepipeline.IPipelineRef, options: StageOptions): () => AddedStage {
  if (isPipeline(pipeline)) {
    const placement = placementIn(pipeline, options);
    return () => new PipelineStage(pipeline, { ...options, placement });
  }
  if (isCfnPipeline(pipeline)) {
    checkPlacement(pipeline, options);
    return () => new CfnPipelineStage(pipeline, options);
  }
  throw new Error(`pipeline must be a codepipeline.Pipeline or CfnPipeline in this app, got ${quote(pipeline.node.path)}: an imported pipeline cannot ` +
    'get another stage. Add the stage where the pipeline is defined, or create a CloudFrontInvalidationFunction here and invoke it from an action of that pipeline.');
}

class PipelineStage implements AddedStage {
  actionRole?: iam.IRole;
  private readonly stage: codepipeline.IStage;

  constructor(private readonly pipeline: codepipeline.Pipeline, options: codepipeline.StageOptions) {
    const { stageName, placement, transitionToEnabled, transitionDisabledReason, beforeEntry, onSuccess, onFailure } = options;
    this.stage = pipeline.addStage({ stageName, placement, transitionToEnabled, transitionDisabledReason, beforeEntry, onSuccess, onFailure });
  }

  addAction(action: CloudFrontInvalidationAction): void {
    this.stage.addAction(action);
    // CDK creates a role for the first action, unless the pipeline's own role is used. All actions of the stage do the same thing, so they
    // share it.
    if (action._actionRole !== this.pipeline.role) {
      this.actionRole = action._actionRole;
    }
  }
}

class CfnPipelineStage implements AddedStage {
  constructor(private readonly pipeline: codepipeline.CfnPipeline, private readonly options: StageOptions) {
    const { stageName, transitionToEnabled = true, transitionDisabledReason = 'Transition disabled' } = options;
    const stages = new CfnStages(pipeline);
    stages.add(stageName, options);
    if (!transitionToEnabled) {
      stages.disableTransition(stageName, transitionDisabledReason);
    }
  }

  addAction(action: CloudFrontInvalidationAction): void {
    action.addToCfnStage(this.pipeline, this.options.stageName);
  }
}

function placementIn(pipeline: codepipeline.Pipeline, options: StageOptions): codepipeline.StagePlacement | undefined {
  refuseTwoPlacements(options);
  const named = (name: string) => {
    const stage = pipeline.stages.find(({ stageName }) => stageName === name);
    if (stage === undefined) {
      throw noSuchStage(pipeline, name, pipeline.stages.map(({ stageName }) => stageName));
    }
    return stage;
  };
  if (options.justAfterStage !== undefined) {
    return { justAfter: named(options.justAfterStage) };
  }
  return options.rightBeforeStage === undefined ? options.placement : { rightBefore: named(options.rightBeforeStage) };
}

function checkPlacement(pipeline: codepipeline.CfnPipeline, options: StageOptions): void {
  refuseTwoPlacements(options);
  for (const name of ['placement', 'beforeEntry', 'onSuccess', 'onFailure'] as const) {
    if (options[name] !== undefined) {
      throw new Error(`${name} needs a codepipeline.Pipeline, but ${quote(pipeline.node.path)} is a CfnPipeline: ` +
        (name === 'placement' ? 'use justAfterStage or rightBeforeStage' : 'set it on the stages of the CfnPipeline'));
    }
  }
  const stages = new CfnStages(pipeline);
  stages.checkTransitions();
  const { names } = stages;
  if (names.includes(options.stageName)) {
    throw new Error(`stageName must be unique in its pipeline, got ${quote(options.stageName)}, which ${quote(pipeline.node.path)} already has`);
  }
  const beside = options.justAfterStage ?? options.rightBeforeStage;
  if (beside !== undefined && !names.includes(beside)) {
    throw noSuchStage(pipeline, beside, names);
  }
}

function refuseTwoPlacements({ placement, justAfterStage, rightBeforeStage }: StageOptions): void {
  if ([placement, justAfterStage, rightBeforeStage].filter(given => given !== undefined).length > 1) {
    throw new Error('at most one of placement, justAfterStage and rightBeforeStage must be specified: remove the others');
  }
}

function noSuchStage(pipeline: codepipeline.IPipeline | codepipeline.CfnPipeline, name: string, names: readonly string[]): Error {
  return new Error(`justAfterStage and rightBeforeStage must name a stage of the pipeline ${quote(pipeline.node.path)}, got ${quote(name)}: ` +
    `the pipeline has ${names.map(quote).join(', ')}`);
}
