/**
 * What an action does when the cache could not be invalidated.
 */
export enum InvalidationFailurePolicy {
  /**
   * The action fails, and with it the stage: nobody takes a stale website for a fresh one.
   */
  FAIL = 'FAIL',

  /**
   * The action succeeds, and its summary and its variables `status`, `errorType` and `errorMessage` say what went wrong.
   *
   * For pipelines in which later stages must not depend on a cache.
   */
  WARN = 'WARN',
}
