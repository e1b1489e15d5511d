import type { IConstruct } from 'constructs';
import { quote } from '../contract';
import { infrastructureProblem, sourceDoubt } from './deployed-artifact';
import { knownActionsOf, type KnownAction } from './known-actions';
import { mayDeploy } from './may-deploy';

/** The names of the actions that deploy, or why they cannot be determined. */
export interface Deployers {
  readonly names: string[];
  /** The pipeline's other actions. */
  readonly others: string[];
  readonly problem?: string;
  /** Why the artifact may not be what is deployed. */
  readonly doubt?: string;
}

/**
 * The actions that may deploy an artifact: all with the artifact as input, because a Deploy action may have it for another reason, such as
 * a template. If no Deploy action has it as input, also those that output it: they may deploy what they build. If the user does not say who
 * deploys, it must be more than CloudFormation that takes the artifact.
 *
 * @param isCdkPipeline whether CDK Pipelines has added the actions
 * @param given the actions that the user specified
 */
export function deployersOf(pipeline: IConstruct, artifactName: string, isCdkPipeline: boolean, given?: readonly string[]): Deployers {
  const actions = knownActionsOf(pipeline);
  const having = actions.filter(({ inputs, outputs }) => inputs.includes(artifactName) || outputs.includes(artifactName));
  if (given !== undefined) {
    const names = [...new Set(given)].sort();
    return { names, others: without(actions, names), problem: problemOf(given, artifactName, actions, having) };
  }
  const candidates = having.filter(action => mayDeploy(pipeline, action));
  const taking = candidates.filter(({ inputs }) => inputs.includes(artifactName));
  const taken = { pipeline, artifactName, isCdkPipeline, actions, taking };
  const deployers = taking.some(({ category }) => category === 'Deploy') ? taking : candidates;
  const names = deployers.map(({ name }) => name).sort();
  return {
    names,
    others: without(actions, names),
    problem: infrastructureProblem(taken) ?? (deployers.length > 0 ? undefined : 'changedFiles must use an artifact that an action of the pipeline deploys, ' +
      `got ${quote(artifactName)}: no action may deploy it (${listing('actions with this artifact', having)}). Pass the artifact that the deploy action takes. If no action takes ` +
      'it, use InvalidationPaths.all().'),
    doubt: sourceDoubt(taken),
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
