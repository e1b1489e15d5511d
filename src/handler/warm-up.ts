import { PutJobSuccessResultCommand } from '@aws-sdk/client-codepipeline';
import { Invalidations } from './cloudfront';
import { codePipeline } from './codepipeline';

/**
 * Makes a job's three calls as far as they go without an event: configuration, credentials, endpoints, a signature. They send nothing, since
 * they are aborted before they begin.
 *
 * Lambda gives a whole processor to a function that is loaded, and a seventh of one, with 256 MB, to the job that waits for it.
 */
export async function warmUp(): Promise<void> {
  const abortSignal = AbortSignal.abort();
  try {
    await Promise.allSettled([
      ...Invalidations.warmUp(abortSignal),
      codePipeline.send(new PutJobSuccessResultCommand({ jobId: 'none' }), { abortSignal }),
    ]);
  } catch {
    // A job that meets the same error reports it. A function that fails at init answers no job at all.
  }
}
