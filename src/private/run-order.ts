import { Token } from 'aws-cdk-lib';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type { Construct, IConstruct } from 'constructs';
import { quote } from '../contract';
import { mayDeploy } from './may-deploy';
import { warn } from './warnings';

/** An action of a stage. What is not known before the pipeline is deployed is `undefined`. */
export interface StageAction {
  readonly name: string | undefined;
  readonly category: string | undefined;
  readonly runOrder: number | undefined;
}

/** What else orders an action, such as CDK Pipelines. */
export interface GivenOrder {
  /** What to write instead. */
  readonly wayOut: string;
  /** Whether an action of that name has to run before the invalidation. */
  isBefore(actionName: string): boolean;
}

/** An invalidation that joins a stage. */
export interface JoiningAction {
  readonly pipeline: IConstruct;
  readonly stageName: string;
  readonly actionName: string;
  readonly runOrder?: number;
  readonly order?: GivenOrder;
  /** The actions of the stage, by now. */
  actions(): readonly StageAction[];
}

/**
 * The run order of an invalidation: as it was given, or after all actions of its stage that may deploy.
 *
 * @throws Error where no run order was given, and that of another action is not known
 */
export function runOrderOf(joining: JoiningAction): number {
  return joining.runOrder ?? runOrderAfter(joining);
}

/** Warns in the end, when the stage is complete, of what runs beside or after an invalidation and may deploy. */
export function watchRunOrder(scope: Construct, joining: JoiningAction, runOrder: number): void {
  if (!Token.isUnresolved(runOrder)) {
    scope.node.addValidation({
      validate: () => {
        warnOfOrder(scope, joining, runOrder);
        return [];
      },
    });
  }
}

/** The actions of a stage of CDK's. */
export function actionsOf(stage: codepipeline.IStage): StageAction[] {
  return stage.actions.map(({ actionProperties: { actionName: name, category, runOrder = 1 } }) =>
    ({ name, category, runOrder: Token.isUnresolved(runOrder) ? undefined : runOrder }));
}

function runOrderAfter(joining: JoiningAction): number {
  const deployments = deploymentsOf(joining);
  const unknown = deployments.find(({ runOrder }) => runOrder === undefined);
  if (unknown !== undefined) {
    throw new Error(`runOrder of the action ${quote(joining.actionName)} must be given, and be higher than that of ${nameOf(unknown)} in the stage ` +
      `${quote(joining.stageName)}, which is known only when the pipeline is deployed`);
  }
  return Math.max(0, ...deployments.map(({ runOrder = 0 }) => runOrder)) + 1;
}

function warnOfOrder(scope: Construct, joining: JoiningAction, ownRunOrder: number): void {
  const { stageName, actionName, order } = joining;
  const deployments = deploymentsOf(joining).filter(({ name }) => order === undefined || name === undefined || order.isBefore(name));
  const highest = Math.max(...deployments.map(({ runOrder = 0 }) => runOrder));
  const wayOut = order?.wayOut ?? `Set runOrder of ${quote(actionName)} to ${highest + 1} or more, or leave it out and add ${quote(actionName)} after the others.`;
  for (const deployment of deployments) {
    const { runOrder = 0 } = deployment;
    if (runOrder >= ownRunOrder) {
      const what = runOrder === ownRunOrder
        ? `The invalidation ${quote(actionName)} and the action ${nameOf(deployment)} of the stage ${quote(stageName)} run at the same time: both have the run order ${runOrder}.`
        : `The invalidation ${quote(actionName)} runs before the action ${nameOf(deployment)} of the stage ${quote(stageName)}: ` +
          `its run order is ${ownRunOrder}, and that of ${nameOf(deployment)} is ${runOrder}.`;
      warn(scope, 'runOrder', `${what} If ${nameOf(deployment)} deploys, the stage may be green while visitors see old pages. ${wayOut}`);
    }
  }
}

function deploymentsOf({ pipeline, stageName, actions }: JoiningAction): StageAction[] {
  return actions().filter(({ name = '', category }) => mayDeploy(pipeline, { name: `${stageName}.${name}`, category }));
}

function nameOf({ name }: StageAction): string {
  return name === undefined ? 'without a name that is known' : quote(name);
}
