import { Stack } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type { IConstruct } from 'constructs';
import { isObject, quote } from '../contract';
import { mayDeploy } from './may-deploy';
import { isPipeline, resourceOf } from './pipeline';

/** A pipeline action, as far as synthesis knows it. */
interface KnownAction {
  /** `Stage.Action` */
  readonly name: string;
  readonly category: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The names of the actions that deploy, or why they cannot be determined. */
export interface Deployers {
  readonly names: string[];
  /** The pipeline's other actions. */
  readonly others: string[];
  readonly problem?: string;
}

/**
 * The actions that may deploy an artifact: all with the artifact as input, because a Deploy action may have it for another reason, such as
 * a template. If no Deploy action has it as input, also those that output it: they may deploy what they build.
 *
 * @param given the actions that the user specified
 */
export function deployersOf(pipeline: IConstruct, artifactName: string, given?: readonly string[]): Deployers {
  const actions = actionsOf(pipeline);
  const having = actions.filter(({ inputs, outputs }) => inputs.includes(artifactName) || outputs.includes(artifactName));
  if (given !== undefined) {
    const names = [...new Set(given)].sort();
    return { names, others: without(actions, names), problem: problemOf(given, artifactName, actions, having) };
  }
  const candidates = having.filter(action => mayDeploy(pipeline, action));
  const taking = candidates.filter(({ inputs }) => inputs.includes(artifactName));
  const deployers = taking.some(({ category }) => category === 'Deploy') ? taking : candidates;
  const names = deployers.map(({ name }) => name).sort();
  return {
    names,
    others: without(actions, names),
    problem: deployers.length > 0 ? undefined : `changedFiles must use an artifact that an action of the pipeline deploys, got ${quote(artifactName)}: no action may ` +
      `deploy it (${listing('actions with this artifact', having)}). Pass the artifact that the deploy action takes. If no action takes it, use InvalidationPaths.all().`,
  };
}

function without(actions: readonly KnownAction[], deployers: readonly string[]): string[] {
  return actions.map(({ name }) => name).filter(name => !deployers.includes(name)).sort();
}

function problemOf(
  given: readonly string[], artifactName: string, actions: readonly KnownAction[], having: readonly KnownAction[],
): string | undefined {
  const unfit = given.find(name => !having.some(action => action.name === name));
  if (unfit === undefined) {
    return undefined;
  }
  const why = actions.some(({ name }) => name === unfit) ? 'which does not have it' : 'but the pipeline has no such action';
  return `deployedBy must name actions that have the artifact ${quote(artifactName)} as an input or output, got ${quote(unfit)}, ${why} ` +
    `(${listing('actions with this artifact', having)})`;
}

function listing(what: string, actions: readonly KnownAction[]): string {
  return actions.length === 0 ? `${what}: none` : `${what}: ${actions.map(({ name }) => quote(name)).join(', ')}`;
}

function actionsOf(pipeline: IConstruct): KnownAction[] {
  if (isPipeline(pipeline)) {
    return pipeline.stages.flatMap(({ stageName, actions }) => actions.map(({ actionProperties }) => {
      const { actionName, category, inputs = [], outputs = [] } = actionProperties;
      return { name: `${stageName}.${actionName}`, category, inputs: inputs.map(nameOfArtifact), outputs: outputs.map(nameOfArtifact) };
    }));
  }
  const resource = resourceOf(pipeline);
  // The stages contain the parameters of an invalidation, and these contain the deployers that this function determines.
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

function actionsIn(stage: Record<string, unknown>): KnownAction[] {
  return listOf(stage, 'actions').filter(isObject).map(action => ({
    name: `${textOf(stage, 'name')}.${textOf(action, 'name')}`,
    category: textOf(member(action, 'actionTypeId'), 'category'),
    inputs: listOf(action, 'inputArtifacts').map(artifact => textOf(artifact, 'name')),
    outputs: listOf(action, 'outputArtifacts').map(artifact => textOf(artifact, 'name')),
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
