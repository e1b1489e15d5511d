import { Token } from 'aws-cdk-lib';
import { holdsVariable } from './variables';

/** Whether a text is known by now: what tokens and pipeline variables bring is checked when the action runs. */
export function isLiteral(text: string): boolean {
  return !Token.isUnresolved(text) && !holdsVariable(text);
}

export function isProblem(problem: string | undefined): boolean {
  return problem !== undefined;
}

/** @throws Error where a rule says that something is wrong */
export function refuse(problem: string | undefined): void {
  if (problem !== undefined) {
    throw new Error(problem);
  }
}
