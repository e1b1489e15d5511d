import { Token } from 'aws-cdk-lib';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { aws_codepipeline } from 'aws-cdk-lib/interfaces';
import type { CloudFrontInvalidationAction } from '../cloudfront-invalidation-action';
import { quote } from '../contract';
import { isCfnPipeline, isPipeline } from './pipeline';

/** What can be said of a stage, whatever kind of pipeline it is added to. */
export interface StageOptions extends codepipeline.StageOptions {
  /** Beside another stage, by its name. */
  readonly justAfterStage?: string;
  readonly rightBeforeStage?: string;
}

/** A stage that was added to a pipeline: actions can be added to it, and share one role. */
export interface AddedStage {
  /** A role for the next action, or nothing where the pipeline decides. */
  readonly actionRole?: iam.IRole;
  addAction(action: CloudFrontInvalidationAction): void;
}

/**
 * Checks that a stage can be added to a pipeline.
 *
 * @returns what adds it
 * @throws Error where the pipeline is imported, or its stages are not known before it is deployed
 */
export function stageAdder(pipeline: aws_codepipeline.IPipelineRef, options: StageOptions): () => AddedStage {
  if (isPipeline(pipeline)) {
    const placement = placementIn(pipeline, options);
    return () => new PipelineStage(pipeline, { ...options, placement });
  }
  if (isCfnPipeline(pipeline)) {
    const position = positionIn(pipeline, options);
    return () => new CfnPipelineStage(pipeline, options, position);
  }
  throw new Error(`pipeline must be a codepipeline.Pipeline or CfnPipeline of this app, got ${quote(pipeline.node.path)}: an imported pipeline cannot ` +
    'get another stage. Add the stage where the pipeline is defined, or make a CloudFrontInvalidationFunction here and let an action of that pipeline invoke it.');
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
    // CDK makes a role for the first action, unless the pipeline's own is used: all actions of the stage do the same, so they share it.
    if (action._actionRole !== this.pipeline.role) {
      this.actionRole = action._actionRole;
    }
  }
}

class CfnPipelineStage implements AddedStage {
  private readonly actions = new Array<codepipeline.CfnPipeline.ActionDeclarationProperty>();

  constructor(private readonly pipeline: codepipeline.CfnPipeline, private readonly options: StageOptions, position: number) {
    const { stageName: name, transitionToEnabled = true, transitionDisabledReason: reason = 'Transition disabled' } = options;
    const stages = listOf(pipeline, 'stages', pipeline.stages);
    pipeline.stages = [...stages.slice(0, position), { name, actions: this.actions }, ...stages.slice(position)];
    if (!transitionToEnabled) {
      pipeline.disableInboundStageTransitions = [
        ...listOf(pipeline, 'disableInboundStageTransitions', pipeline.disableInboundStageTransitions ?? []),
        { stageName: name, reason },
      ];
    }
  }

  addAction(action: CloudFrontInvalidationAction): void {
    const name = action.actionProperties.actionName;
    if (this.actions.some(added => added.name === name)) {
      throw new Error(`actionName must be unique in its stage, and ${quote(this.options.stageName)} has an action ${quote(name)} already`);
    }
    this.actions.push(action._declareFor(this.pipeline, this.options.stageName));
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

function positionIn(pipeline: codepipeline.CfnPipeline, options: StageOptions): number {
  refuseTwoPlacements(options);
  for (const name of ['placement', 'beforeEntry', 'onSuccess', 'onFailure'] as const) {
    if (options[name] !== undefined) {
      throw new Error(`${name} needs a codepipeline.Pipeline, and ${quote(pipeline.node.path)} is a CfnPipeline: ` +
        (name === 'placement' ? 'use justAfterStage or rightBeforeStage' : 'set it on the stages of the CfnPipeline'));
    }
  }
  listOf(pipeline, 'disableInboundStageTransitions', pipeline.disableInboundStageTransitions ?? []);
  const names = listOf(pipeline, 'stages', pipeline.stages).map(stage => 'name' in stage ? stage.name : undefined);
  if (names.includes(options.stageName)) {
    throw new Error(`stageName must be unique in its pipeline, and ${quote(pipeline.node.path)} has a stage ${quote(options.stageName)} already`);
  }
  const beside = options.justAfterStage ?? options.rightBeforeStage;
  if (beside === undefined) {
    return names.length;
  }
  const index = names.indexOf(beside);
  if (index === -1) {
    throw noSuchStage(pipeline, beside, names.filter(name => name !== undefined));
  }
  return options.justAfterStage === undefined ? index : index + 1;
}

function refuseTwoPlacements({ placement, justAfterStage, rightBeforeStage }: StageOptions): void {
  if ([placement, justAfterStage, rightBeforeStage].filter(given => given !== undefined).length > 1) {
    throw new Error('placement, justAfterStage and rightBeforeStage are three ways to say one thing: give at most one of them');
  }
}

function noSuchStage(pipeline: codepipeline.IPipeline | codepipeline.CfnPipeline, name: string, names: readonly string[]): Error {
  return new Error(`justAfterStage and rightBeforeStage must name a stage of the pipeline ${quote(pipeline.node.path)}, got ${quote(name)}: ` +
    `it has ${names.map(quote).join(', ')}`);
}

/** A list as it is written, in which single elements may still be known to CloudFormation only. */
function listOf<T>(pipeline: codepipeline.CfnPipeline, property: string, list: T[] | object): T[] {
  if (!Array.isArray(list) || Token.isUnresolved(list)) {
    throw new Error(`${property} of the pipeline ${quote(pipeline.node.path)} is not known before it is deployed (it may be an Fn::If or another function as a whole), ` +
      'so that no stage can be added. Move the function into the list, to the stages that depend on it; ' +
      'or make a CloudFrontInvalidationFunction and write the action that invokes it into the template.');
  }
  return list;
}
