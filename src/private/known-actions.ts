import { Stack } from 'aws-cdk-lib';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type { IConstruct } from 'constructs';
import { isObject } from '../contract';
import { isPipeline, resourceOf } from './pipeline';

/** A pipeline action, as far as synthesis knows it. */
export interface KnownAction {
  /** `Stage.Action` */
  readonly name: string;
  readonly stageName: string;
  readonly category: string;
  readonly provider: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** A pipeline action in the template. */
export interface WrittenAction extends KnownAction {
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** The actions of a pipeline, stage after stage. */
export function knownActionsOf(pipeline: IConstruct): KnownAction[] {
  return isPipeline(pipeline) ? pipeline.stages.flatMap(({ stageName, actions }) => actions.map(({ actionProperties }) => {
    const { actionName, category, provider, inputs = [], outputs = [] } = actionProperties;
    return { name: `${stageName}.${actionName}`, stageName, category, provider, inputs: inputs.map(nameOfArtifact), outputs: outputs.map(nameOfArtifact) };
  })) : writtenActionsOf(pipeline);
}

/** The actions of a pipeline with their configuration. That of a `Pipeline` is known when the app is complete. */
export function writtenActionsOf(pipeline: IConstruct): WrittenAction[] {
  const resource = resourceOf(pipeline);
  // The stages contain the parameters of an invalidation, and these contain the deployers that are determined from the stages.
  if (resource === undefined || beingRead.has(resource)) {
    return [];
  }
  beingRead.add(resource);
  try {
    return stagesIn(Stack.of(resource).resolve(resource.stages)).flatMap(actionsIn);
  } finally {
    beingRead.delete(resource);
  }
}

const beingRead = new WeakSet<IConstruct>();

function actionsIn(stage: Record<string, unknown>): WrittenAction[] {
  return listOf(stage, 'actions').filter(isObject).map(action => ({
    name: `${textOf(stage, 'name')}.${textOf(action, 'name')}`,
    stageName: textOf(stage, 'name'),
    category: textOf(member(action, 'actionTypeId'), 'category'),
    provider: textOf(member(action, 'actionTypeId'), 'provider'),
    inputs: listOf(action, 'inputArtifacts').map(artifact => textOf(artifact, 'name')),
    outputs: listOf(action, 'outputArtifacts').map(artifact => textOf(artifact, 'name')),
    configuration: objectOf(action, 'configuration'),
  }));
}

function nameOfArtifact({ artifactName }: codepipeline.Artifact): string {
  return artifactName ?? '';
}

/** The stages of a list, including those inside an `Fn::If`. */
function stagesIn(value: unknown): Record<string, unknown>[] {
  if (Array.isArray(value)) {
    return value.flatMap(stagesIn);
  }
  if (!isObject(value)) {
    return [];
  }
  return Array.isArray(member(value, 'actions')) ? [value] : Object.values(value).flatMap(stagesIn);
}

/** A member of a property, by its CDK name or its CloudFormation name. */
function member(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] ?? value[name[0].toUpperCase() + name.slice(1)] : undefined;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list = member(value, name);
  return Array.isArray(list) ? list : [];
}

function textOf(value: unknown, name: string): string {
  const text = member(value, name);
  return typeof text === 'string' ? text : '';
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  const object = member(value, name);
  return isObject(object) ? object : {};
}
