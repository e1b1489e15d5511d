import { Token } from 'aws-cdk-lib';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type { Construct, IConstruct } from 'constructs';
import { quote } from '../contract';
import { mayDeploy } from './may-deploy';
import { warn } from './warnings';

/** An action in a stage. Whatever is not known before deployment is `undefined`. */
export interface StageAction {
  readonly name: string | undefined;
  readonly category: string | undefined;
  readonly runOrder: number | undefined;
}

/** Something else that orders actions, such as CDK Pipelines. */
export interface GivenOrder {
  /** How to fix the order. */
  readonly advice: string;
  /** Whether the action with this name must run before the invalidation. */
  isBefore(actionName: string): boolean;
}

/** An invalidation that joins a stage. */
export interface JoiningAction {
  readonly pipeline: IConstruct;
  readonly stageName: string;
  readonly actionName: string;
  readonly runOrder?: number;
  readonly order?: GivenOrder;
  /** The current actions of the stage. */
  actions(): readonly StageAction[];
}

/**
 * The run order of an invalidation: the specified one, or after all actions in its stage that may deploy.
 *
 * @throws Error if no run order was specified and that of another action is not known
 */
export function runOrderOf(joining: JoiningAction): number {
  return joining.runOrder ?? runOrderAfter(joining);
}

/** Warns, when the stage is complete, if an action that may deploy runs at the same time as an invalidation or after it. */
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

/** The actions of a CDK stage. */
export function actionsOf(stage: codepipeline.IStage): StageAction[] {
  return stage.actions.map(({ actionProperties: { actionName: name, category, runOrder = 1 } }) =>
    ({ name, category, runOrder: Token.isUnresolved(runOrder) ? undefined : runOrder }));
}

function runOrderAfter(joining: JoiningAction): number {
  const deployments = deploymentsOf(joining);
  const unknown = deployments.find(({ runOrder }) => runOrder === undefined);
  if (unknown !== undefined) {
    throw new Error(`runOrder of the action ${quote(joining.actionName)} must be specified and be higher than that of the action ${nameOf(unknown)} in the stage ` +
      `${quote(joining.stageName)}, which is known only when the pipeline is deployed`);
  }
  return Math.max(0, ...deployments.map(({ runOrder = 0 }) => runOrder)) + 1;
}

function warnOfOrder(scope: Construct, joining: JoiningAction, ownRunOrder: number): void {
  const { stageName, actionName, order } = joining;
  const deployments = deploymentsOf(joining).filter(({ name }) => order === undefined || name === undefined || order.isBefore(name));
  const highest = Math.max(...deployments.map(({ runOrder = 0 }) => runOrder));
  const advice = order?.advice ?? `Set runOrder of ${quote(actionName)} to ${highest + 1} or more, or leave it out and add ${quote(actionName)} after the others.`;
  for (const deployment of deployments) {
    const { runOrder = 0 } = deployment;
    if (runOrder >= ownRunOrder) {
      const what = runOrder === ownRunOrder
        ? `The invalidation ${quote(actionName)} and the action ${nameOf(deployment)} in the stage ${quote(stageName)} run at the same time: both have the run order ${runOrder}.`
        : `The invalidation ${quote(actionName)} runs before the action ${nameOf(deployment)} in the stage ${quote(stageName)}: ` +
          `its run order is ${ownRunOrder}, and that of ${nameOf(deployment)} is ${runOrder}.`;
      warn(scope, 'runOrder', `${what} If ${nameOf(deployment)} deploys, the stage may be green while visitors see old pages. ${advice}`);
    }
  }
}

function deploymentsOf({ pipeline, stageName, actions }: JoiningAction): StageAction[] {
  return actions().filter(({ name = '', category }) => mayDeploy(pipeline, { name: `${stageName}.${name}`, category }));
}

function nameOf({ name }: StageAction): string {
  return name === undefined ? 'without a known name' : quote(name);
}
