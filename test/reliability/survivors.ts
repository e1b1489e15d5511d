/** The changes that no test notices, and why none could, or need not. */
export const SURVIVORS: ReadonlyArray<{
  readonly file: string;
  /** What the changed line contains; without it, the whole file. */
  readonly code?: string;
  readonly reason: string;
}> = [];
