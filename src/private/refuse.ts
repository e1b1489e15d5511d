import { Token } from 'aws-cdk-lib';
import { holdsVariable } from './variables';
import { quote } from '../contract';

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

/** What is compared has to be the same in each execution; and a variable could add an option that was left out. */
export function variableProblem(options: object): string | undefined {
  const [name, value] = Object.entries(options).find(([, each]) => holdsVariable(JSON.stringify(each))) ?? [];
  return name && `${name} must not have a pipeline variable in it, got ${quote(value)}: each execution has to compare the same`;
}
