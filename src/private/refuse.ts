import { Token } from 'aws-cdk-lib';
import { holdsVariable } from './variables';
import { quote } from '../contract';

/** Whether a text is known at synthesis. The function checks the values of tokens and pipeline variables when the action runs. */
export function isLiteral(text: string): boolean {
  return !Token.isUnresolved(text) && !holdsVariable(text);
}

export function isProblem(problem: string | undefined): boolean {
  return problem !== undefined;
}

/** @throws Error if a rule reports a problem */
export function refuse(problem: string | undefined): void {
  if (problem !== undefined) {
    throw new Error(problem);
  }
}

/** Each execution must compare the same files, and a variable could add an option that was left out. */
export function variableProblem(options: object): string | undefined {
  const [name, value] = Object.entries(options).find(([, each]) => holdsVariable(JSON.stringify(each))) ?? [];
  return name && `${name} must not contain a pipeline variable, got ${quote(value)}: each execution must use the same value. Write a fixed value`;
}
