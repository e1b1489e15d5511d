/**
 * What an action does when it is not known what has changed.
 */
export enum MissingBaselineBehavior {
  /**
   * Everything is invalidated, and the action's summary says why.
   */
  INVALIDATE_ALL = 'INVALIDATE_ALL',

  /**
   * The action fails.
   */
  FAIL = 'FAIL',
}
