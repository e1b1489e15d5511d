import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { CALL_TIMEOUT, limited } from './budget';
import { fromSts } from './failure';
import { log } from './log';
import type { DistributionRole } from '../contract';

/** The shortest session that STS allows. It is as long as the longest invocation, so credentials never expire during one. */
const SESSION_SECONDS = 900;

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const MAX_SESSION_NAME_LENGTH = 64;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/**
 * Assumes, for one job, the role that may invalidate the distribution.
 *
 * @throws Failure, or Busy if another attempt may succeed
 */
export async function assume(role: DistributionRole, jobId: string, until: number): Promise<Credentials> {
  const sessionName = sessionNameOf(role.pipelineName ?? process.env.AWS_LAMBDA_FUNCTION_NAME ?? '', jobId);
  // Created only for this call: most functions never need it.
  const client = new STSClient({
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: CALL_TIMEOUT, throwOnRequestTimeout: true },
  });
  try {
    const credentials = await limited(until, async abortSignal => {
      const command = new AssumeRoleCommand({
        RoleArn: role.arn, RoleSessionName: sessionName, ExternalId: role.externalId, DurationSeconds: SESSION_SECONDS,
      });
      const { Credentials: answer } = await client.send(command, { abortSignal });
      if (!answer?.AccessKeyId || !answer.SecretAccessKey || !answer.SessionToken) {
        throw new Error('the response has no credentials');
      }
      return { accessKeyId: answer.AccessKeyId, secretAccessKey: answer.SecretAccessKey, sessionToken: answer.SessionToken };
    });
    log('INFO', 'Role assumed', { roleArn: role.arn, sessionName });
    return credentials;
  } catch (error) {
    throw fromSts(error, role);
  } finally {
    client.destroy();
  }
}

/** The session name: the pipeline and the job. A job's ID is a UUID, which leaves 27 characters for the pipeline. */
export function sessionNameOf(pipelineName: string, jobId: string): string {
  const job = jobId.slice(0, 36);
  return `${pipelineName.slice(0, MAX_SESSION_NAME_LENGTH - job.length - 1)}-${job}`.replace(/[^\w+=,.@-]/g, '-');
}
