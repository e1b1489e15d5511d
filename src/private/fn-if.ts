import { Aws } from 'aws-cdk-lib';
import { isObject } from '../contract';

/**
 * Changes what a value of a template may turn out to be: the value itself, or each branch of its `Fn::If`, nested ones included.
 *
 * An `Fn::If` whose branches become one and the same object is not needed any more.
 */
export function mapBranches(value: unknown, change: (branch: unknown) => unknown): unknown {
  if (!isFnIf(value)) {
    return change(value);
  }
  const [condition, ...branches] = value['Fn::If'];
  const [whenTrue, whenFalse] = branches.map(branch => mapBranches(branch, change));
  return whenTrue === whenFalse ? whenTrue : { 'Fn::If': [condition, whenTrue, whenFalse] };
}

/** The branches, of which one will be. */
export function branchesOf(value: unknown): unknown[] {
  const branches = new Array<unknown>();
  mapBranches(value, branch => branches.push(branch));
  return branches;
}

/** What is there under the conditions under which a branch of another value is. */
export function underConditionsOf(value: unknown, isWanted: (branch: unknown) => boolean, companion: unknown): unknown {
  return mapBranches(value, branch => isWanted(branch) ? companion : Aws.NO_VALUE);
}

export function isFnIf(value: unknown): value is { readonly 'Fn::If': readonly unknown[] } {
  return isObject(value) && Array.isArray(value['Fn::If']);
}
