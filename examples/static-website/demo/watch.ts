import { list } from './text';
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
  let compared = false;
  let visited = false;
  let trouble: string | undefined;

  sandbox.cloudFront.onInvalidation(({ invalidationId, paths }) => {
    if (!others.has(invalidationId)) {
      timeline.event('CloudFront', `drops ${list(paths)} from the cache`, 'dropped');
    }
  });

  const look = () => {
    for (const { operation, status, errorCode } of sandbox.requests.slice(requestsSeen)) {
      if (operation === 'ListActionExecutions' && !compared) {
        compared = true;
        timeline.event('Lambda', 'asks the pipeline\'s history what was deployed, and compares the lists of files');
      }
      // Said once: the function tries again every few seconds.
      if (errorCode !== undefined && errorCode !== trouble) {
        timeline.event('CloudFront', `answers ${operation} with ${bad(`${status} ${errorCode}`)}`);
        timeline.event('Lambda', errorCode === 'AccessDenied' ? 'reports at once: trying again would not help' : 'waits, and tries again');
      }
      trouble = errorCode;
    }
    requestsSeen = sandbox.requests.length;

    for (const { id, status, paths } of distribution.invalidations.filter(invalidation => !others.has(invalidation.id))) {
      if (!told.has(id)) {
        timeline.event('CloudFront', `accepts invalidation ${id} of ${list(paths)}`, 'accepted');
      }
      if (status === 'Completed' && told.get(id) !== status) {
        timeline.event('CloudFront', `says that invalidation ${id} is ${good(status)}`, 'completed');
      }
      told.set(id, status);
    }

    if (!visited && edge.visits.slice(visitsSeen).some(({ headers }) => headers['user-agent']?.includes('cdk-cloudfront-invalidation-stage'))) {
      visited = true;
      timeline.event('Lambda', 'visits pages itself, and compares them with what was deployed', 'visited');
    }
    visitsSeen = edge.visits.length;
  };
  const timer = setInterval(look, INTERVAL);
  return () => {
    clearInterval(timer);
    look();
  };
}
