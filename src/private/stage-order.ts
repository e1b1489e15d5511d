import type { Construct, IConstruct } from 'constructs';
import { quote } from '../contract';
import { knownActionsOf, type KnownAction } from './known-actions';
import { isInvalidation } from './may-deploy';
import type { JoiningAction } from './run-order';
import { isS3Deployment } from './s3-deployments';
import { warn } from './warnings';

type Invalidation = Pick<JoiningAction, 'stageName' | 'actionName'>;

/**
 * Warns, when the pipeline is complete, if a later stage copies files to S3 and no invalidation follows. Other deployments after an
 * invalidation are common: a backend, or another environment with an invalidation of its own.
 */
export function watchStageOrder(scope: Construct, { pipeline, ...invalidation }: JoiningAction): void {
  scope.node.addValidation({
    validate: () => {
      warnAboutLater(scope, pipeline, invalidation, isS3Deployment);
      return [];
    },
  });
}

/**
 * Warns if an action of a later stage deploys what `changedFiles` compares, and no invalidation follows. An action that takes the artifact may
 * as well test it, so if the user does not say who deploys, it counts only if nothing deploys earlier.
 */
export function warnAboutLaterDeployers(
  scope: Construct, pipeline: IConstruct, invalidation: Invalidation, deployers: readonly string[], areGiven: boolean,
): void {
  const laterActions = laterThan(pipeline, invalidation);
  const counts = areGiven || deployers.every(name => laterActions.some(later => later.name === name));
  warnAboutLater(scope, pipeline, invalidation, action => counts && !isS3Deployment(action) && deployers.includes(action.name));
}

function warnAboutLater(scope: Construct, pipeline: IConstruct, invalidation: Invalidation, deploys: (action: KnownAction) => boolean): void {
  const later = laterThan(pipeline, invalidation).find(deploys);
  if (later !== undefined) {
    const what = isS3Deployment(later) ? 'copies files to S3' : 'deploys what changedFiles compares';
    warn(scope, 'stageOrder', `The action ${quote(later.name)} ${what} after the pipeline's last invalidation, ${quote(invalidation.actionName)} in the stage ` +
      `${quote(invalidation.stageName)}. If CloudFront serves these files, the pipeline is green while visitors see old pages. Put the invalidation into that stage or a later one.`);
  }
}

/** The actions of later stages, if this is the pipeline's last invalidation. */
function laterThan(pipeline: IConstruct, { stageName, actionName }: Invalidation): KnownAction[] {
  const actions = knownActionsOf(pipeline);
  const last = actions.map(({ name }) => isInvalidation(pipeline, name)).lastIndexOf(true);
  return actions[last]?.name === `${stageName}.${actionName}` ? actions.slice(last + 1).filter(action => action.stageName !== stageName) : [];
}
