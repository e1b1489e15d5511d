import { CLOUDFRONT } from './cloudfront';
import { CODEPIPELINE } from './codepipeline';
import { VISITS } from './visits';
import type { Observation } from './world';

/** In an order in which none spoils another: visits change the site, which the pipeline would put back. */
export const OBSERVATIONS: readonly Observation[] = [...CODEPIPELINE, ...CLOUDFRONT, ...VISITS];
