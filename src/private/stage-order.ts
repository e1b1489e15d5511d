import type { Construct } from 'constructs';
import { quote } from '../contract';
import { knownActionsOf } from './known-actions';
import { isInvalidation } from './may-deploy';
import type { JoiningAction } from './run-order';
import { warn } from './warnings';

/**
 * Warns, when the pipeline is complete, if a later stage copies files to S3 and no invalidation follows. Other deployments after an
 * invalidation are common: a backend, or another environment with an invalidation of its own.
 */
export function watchStageOrder(scope: Construct, { pipeline, stageName, actionName }: JoiningAction): void {
  scope.node.addValidation({
    validate: () => {
      const actions = knownActionsOf(pipeline);
      const last = actions.map(({ name }) => isInvalidation(pipeline, name)).lastIndexOf(true);
      const later = actions.slice(last + 1).find(action => action.stageName !== stageName && action.category === 'Deploy' && action.provider === 'S3');
      if (later !== undefined && actions[last]?.name === `${stageName}.${actionName}`) {
        warn(scope, 'stageOrder', `The action ${quote(later.name)} copies files to S3 after the pipeline's last invalidation, ${quote(actionName)} in the stage ` +
          `${quote(stageName)}. If CloudFront serves these files, the pipeline is green while visitors see old pages. Put the invalidation into that stage or a later one.`);
      }
      return [];
    },
  });
}
