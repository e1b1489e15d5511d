import { quote } from '../contract';

/** The part of Lambda's context that the handler uses. */
export interface Context {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/**
 * The part of CodePipeline's event that the handler uses.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html#action-reference-Lambda-event
 */
export interface Job {
  readonly id: string;
  readonly userParameters?: string;
  readonly continuationToken?: string;
}

/**
 * Reads a job out of an event.
 *
 * @throws Error where there is no job that a failure could be reported to
 */
export function parseEvent(event: unknown): Job {
  const job = isObject(event) ? event['CodePipeline.job'] : undefined;
  if (!isObject(job) || typeof job.id !== 'string' || job.id === '') {
    throw new Error('The event is no CodePipeline job: expected an object with "CodePipeline.job" and an id in it. ' +
      'Invoke this function from an action of category Invoke, owner AWS and provider Lambda.');
  }
  const data = isObject(job.data) ? job.data : {};
  const actionConfiguration = isObject(data.actionConfiguration) ? data.actionConfiguration : {};
  const configuration = isObject(actionConfiguration.configuration) ? actionConfiguration.configuration : {};
  return {
    id: job.id,
    userParameters: optionalString(configuration.UserParameters),
    continuationToken: optionalString(data.continuationToken),
  };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Something else than a string is kept as text, so that the parser of that text refuses it with its own words. */
function optionalString(value: unknown): string | undefined {
  return value === undefined || value === null || typeof value === 'string' ? value ?? undefined : quote(value);
}
