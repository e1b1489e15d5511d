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
  /** The first input artifact. The action has at most one. */
  readonly artifact?: Artifact;
}

/** An artifact and its location in S3. */
export interface Artifact {
  readonly name: string;
  readonly location: { readonly bucket: string; readonly key: string };
}

/**
 * Reads the job from an event.
 *
 * @throws Error if there is no job to report a failure to
 */
export function parseEvent(event: unknown): Job {
  const job = isObject(event) ? event['CodePipeline.job'] : undefined;
  if (!isObject(job) || typeof job.id !== 'string' || job.id === '') {
    throw new Error('The event is not a CodePipeline job: expected an object with a "CodePipeline.job" that has an ID. ' +
      'Invoke this function from a CodePipeline action with category Invoke, owner AWS and provider Lambda.');
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

/** Parses a JSON object. Returns `undefined` for any other text. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps any other type as text, so that the parser of that text rejects it with its own message. */
function optionalString(value: unknown): string | undefined {
  return value === undefined || value === null || typeof value === 'string' ? value ?? undefined : quote(value);
}
