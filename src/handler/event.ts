import { isObject, quote } from '../contract';

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
  /** The first input artifact; the action has no more than one. */
  readonly artifact?: Artifact;
}

/** An artifact, and where it is on S3. */
export interface Artifact {
  readonly name: string;
  readonly location: { readonly bucket: string; readonly key: string };
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
    artifact: Array.isArray(data.inputArtifacts) ? artifactOf(data.inputArtifacts[0]) : undefined,
  };
}

function artifactOf(artifact: unknown): Artifact | undefined {
  const location = isObject(artifact) && isObject(artifact.location) ? artifact.location.s3Location : undefined;
  return isObject(artifact) && typeof artifact.name === 'string' && isObject(location) &&
    typeof location.bucketName === 'string' && typeof location.objectKey === 'string'
    ? { name: artifact.name, location: { bucket: location.bucketName, key: location.objectKey } }
    : undefined;
}

/** Reads a JSON object, or gives `undefined` for whatever else a text may be. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Something else than a string is kept as text, so that the parser of that text refuses it with its own words. */
function optionalString(value: unknown): string | undefined {
  return value === undefined || value === null || typeof value === 'string' ? value ?? undefined : quote(value);
}
