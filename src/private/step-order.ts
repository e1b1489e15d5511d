import type * as pipelines from 'aws-cdk-lib/pipelines';
import type { GivenOrder } from './run-order';

/**
 * The order that CDK Pipelines gives a step's action: among the steps of one list, only dependent steps run one after the other.
 *
 * In a wave, neither the deployment nor the steps of another stage need to run before this step.
 */
export function orderOf(step: pipelines.Step, { actionName, pipeline }: pipelines.ProduceActionOptions): GivenOrder {
  // An action's name is its path below the wave, so the actions of the step's own stage share its prefix.
  const group = actionName.slice(0, Math.max(0, actionName.lastIndexOf(nameOf(step))));
  const later = new Set(allSteps(pipeline).filter(other => dependsOn(other, step)).map(other => `${group}${nameOf(other)}`));
  return {
    isBefore: name => name.startsWith(group) && !later.has(name),
    advice: 'Add the step to post and specify the step that it follows: pipelines.Step.sequence([copy, invalidate]), or invalidate.addStepDependency(copy).',
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
  // Iterating over a set includes elements added on the way.
  found.forEach(step => step.dependencies.forEach(dependency => found.add(dependency)));
  return [...found];
}

/** The name that CDK Pipelines derives from it. */
function nameOf({ id }: pipelines.Step): string {
  return id.replace(/[^A-Za-z0-9.@\-_]+/g, '_');
}
