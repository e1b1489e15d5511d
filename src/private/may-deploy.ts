import type { IConstruct } from 'constructs';
import { resourceOf } from './pipeline';
import { isDeployingCategory } from '../contract';

/** The actions of this library, by pipeline. */
const INVALIDATIONS = new WeakMap<IConstruct, Set<string>>();

export function noteInvalidation(pipeline: IConstruct, stageName: string, actionName: string): void {
  const resource = resourceOf(pipeline) ?? pipeline;
  const names = INVALIDATIONS.get(resource) ?? new Set();
  INVALIDATIONS.set(resource, names.add(`${stageName}.${actionName}`));
}

/**
 * Whether an action may deploy something that visitors get. Its category decides; an unknown category may be any. An invalidation of this
 * library does not deploy.
 *
 * @param action with a name of the form `Stage.Action`
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-pipeline-structure.html
 */
export function mayDeploy(pipeline: IConstruct, { name, category }: { readonly name: string; readonly category?: string }): boolean {
  return isDeployingCategory(category) && !INVALIDATIONS.get(resourceOf(pipeline) ?? pipeline)?.has(name);
}
