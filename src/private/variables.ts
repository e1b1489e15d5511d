import { createHash } from 'crypto';

/** @see https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html */
const MAX_NAMESPACE_LENGTH = 100;

/** Whether CodePipeline will replace a part of this text: `#{namespace.variable}`. */
export function holdsVariable(text: unknown): boolean {
  return typeof text === 'string' && /#\{[^}]+\}/.test(text);
}

/**
 * The namespace that CDK would choose, made valid: a stage's name may contain dots and be long, a namespace may not, and CDK does not
 * handle that.
 */
export function namespaceOf(stageName: string, actionName: string): string {
  const name = `${stageName}_${actionName}_NS`;
  const allowed = name.replace(/[^A-Za-z0-9@_-]/g, '_');
  if (allowed === name && name.length <= MAX_NAMESPACE_LENGTH) {
    return name;
  }
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${allowed.slice(0, MAX_NAMESPACE_LENGTH - hash.length - 1)}_${hash}`;
}
