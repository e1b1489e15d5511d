import { CodePipelineClient } from '@aws-sdk/client-codepipeline';
import { CALL_TIMEOUT } from './budget';

/** The client does not retry: its callers do, because they know how much time is left. */
export const codePipeline = new CodePipelineClient({
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 3_000, requestTimeout: CALL_TIMEOUT / 2, throwOnRequestTimeout: true },
});
