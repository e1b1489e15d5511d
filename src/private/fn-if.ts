import { Aws } from 'aws-cdk-lib';
import { isObject } from '../contract';

/**
 * Changes each possible result of a template value: the value itself, or each branch of its `Fn::If`, including nested ones.
 *
 * Drops an `Fn::If` whose branches become the same object.
 */
export function mapBranches(value: unknown, change: (branch: unknown) => unknown): unknown {
  if (!isFnIf(value)) {
    return change(value);
  }
  const [condition, ...branches] = value['Fn::If'];
  const [whenTrue, whenFalse] = branches.map(branch => mapBranches(branch, change));
  return whenTrue === whenFalse ? whenTrue : { 'Fn::If': [condition, whenTrue, whenFalse] };
}

/** The branches, one of which will be the value. */
export function branchesOf(value: unknown): unknown[] {
  const branches = new Array<unknown>();
  mapBranches(value, branch => branches.push(branch));
  return branches;
}

/** A value under the same conditions as the branches of another value. */
export function underConditionsOf(value: unknown, isWanted: (branch: unknown) => boolean, companion: unknown): unknown {
  return mapBranches(value, branch => isWanted(branch) ? companion : Aws.NO_VALUE);
}

export function isFnIf(value: unknown): value is { readonly 'Fn::If': readonly unknown[] } {
  return isObject(value) && Array.isArray(value['Fn::If']);
}
