import { createHash } from 'crypto';

/** @see https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html */
const MAX_NAMESPACE_LENGTH = 100;

/** Whether CodePipeline will put something else in this text's place: `#{namespace.variable}`. */
export function holdsVariable(text: unknown): boolean {
  return typeof text === 'string' && /#\{[^}]+\}/.test(text);
}

/**
 * The namespace CDK would choose, where that is valid. CDK does not mind that a stage's name may hold dots and be long,
 * and a namespace may not.
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
