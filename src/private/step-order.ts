import type * as pipelines from 'aws-cdk-lib/pipelines';
import type { GivenOrder } from './run-order';

/**
 * The order that CDK Pipelines gives the action of a step: of the steps of one list, only those that depend on each other follow each other.
 *
 * In a wave, the deployment of another stage need not run before this step, and the step of another stage neither.
 */
export function orderOf(step: pipelines.Step, { actionName, pipeline }: pipelines.ProduceActionOptions): GivenOrder {
  // An action's name is its path below the wave: those of the step's own stage begin as its own does.
  const group = actionName.slice(0, Math.max(0, actionName.lastIndexOf(nameOf(step))));
  const later = new Set(allSteps(pipeline).filter(other => dependsOn(other, step)).map(other => `${group}${nameOf(other)}`));
  return {
    isBefore: name => name.startsWith(group) && !later.has(name),
    wayOut: 'Put the step into post, and say which step it follows: pipelines.Step.sequence([copy, invalidate]), or invalidate.addStepDependency(copy).',
  };
}

function allSteps({ waves }: pipelines.CodePipeline): pipelines.Step[] {
  const stages = waves.flatMap(wave => wave.stages);
  const lists = [...waves, ...stages, ...stages.flatMap(({ stackSteps }) => stackSteps)];
  return withDependencies(lists.flatMap(({ pre = [], post = [] }) => [...pre, ...post]));
}

function dependsOn(step: pipelines.Step, other: pipelines.Step): boolean {
  return step !== other && withDependencies([step]).includes(other);
}

function withDependencies(steps: readonly pipelines.Step[]): pipelines.Step[] {
  const found = new Set(steps);
  // A set goes on with what is added on the way.
  found.forEach(step => step.dependencies.forEach(dependency => found.add(dependency)));
  return [...found];
}

/** As CDK Pipelines makes a name of it. */
function nameOf({ id }: pipelines.Step): string {
  return id.replace(/[^A-Za-z0-9.@\-_]+/g, '_');
}
