import { bad, good, type Timeline } from './timeline';
import type { World } from './world';

/** How often the sandbox's journal is looked at, in milliseconds. */
const INTERVAL = 50;

/** Tells what CloudFront does while the stage runs. Returns what ends it. */
export function watch({ sandbox, distribution, edge }: World, timeline: Timeline): () => void {
  const others = new Set(distribution.invalidations.map(({ id }) => id));
  const told = new Map<string, string>();
  let requestsSeen = sandbox.requests.length;
  let visitsSeen = edge.visits.length;
  let trouble: string | undefined;

  sandbox.cloudFront.onInvalidation(({ invalidationId, paths }) => {
    if (!others.has(invalidationId)) {
      timeline.event('CloudFront', `drops ${paths.join(' ')} from the cache`);
    }
  });

  const look = () => {
    for (const { operation, status, errorCode } of sandbox.requests.slice(requestsSeen)) {
      // Said once: the function tries again every few seconds.
      if (errorCode !== undefined && errorCode !== trouble) {
        timeline.event('CloudFront', `answers ${operation} with ${bad(`${status} ${errorCode}`)}`);
        timeline.event('Lambda', errorCode === 'AccessDenied' ? 'reports at once: trying again would not help' : 'waits, and tries again');
      }
      trouble = errorCode;
    }
    requestsSeen = sandbox.requests.length;

    for (const { url } of edge.visits.slice(visitsSeen).filter(({ headers }) => headers['user-agent']?.includes('cdk-cloudfront-invalidation-stage'))) {
      timeline.event('Lambda', `visits ${url}, and compares it with what was deployed`);
    }
    visitsSeen = edge.visits.length;

    for (const { id, status, paths } of distribution.invalidations.filter(invalidation => !others.has(invalidation.id))) {
      if (!told.has(id)) {
        timeline.event('CloudFront', `accepts invalidation ${id} of ${paths.join(' ')}`);
      }
      if (status === 'Completed' && told.get(id) !== status) {
        timeline.event('CloudFront', `says that invalidation ${id} is ${good(status)}`);
      }
      told.set(id, status);
    }
  };
  const timer = setInterval(look, INTERVAL);
  return () => {
    clearInterval(timer);
    look();
  };
}
