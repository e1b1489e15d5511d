import { DefaultTokenResolver, Lazy, Stack, StringConcat, Token, Tokenization, type IResolvable } from 'aws-cdk-lib';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { isObject, quote } from '../contract';
import { branchesOf, isFnIf, mapBranches, underConditionsOf } from './fn-if';
import type { StageAction } from './run-order';

type StageElement = IResolvable | codepipeline.CfnPipeline.StageDeclarationProperty;
type TransitionElement = IResolvable | codepipeline.CfnPipeline.StageTransitionProperty;

/** Where a stage goes: before or after another one, or last. */
export interface CfnPlacement {
  readonly justAfterStage?: string;
  readonly rightBeforeStage?: string;
}

/** The stages of a pipeline that is a plain CloudFormation resource. One within an `Fn::If` is a token, and stays that. */
export class CfnStages {
  /** @throws Error where the stages as a whole are known to CloudFormation only */
  constructor(private readonly pipeline: codepipeline.CfnPipeline) {
    listOf(pipeline, 'stages', pipeline.stages);
  }

  /** All names that stages may have. */
  get names(): string[] {
    const names = this.elements.flatMap(element => this.branchesOf(element)).map(stage => this.textOf(stage, 'name'));
    return [...new Set(names.filter(name => name !== undefined))];
  }

  /** All actions that a stage may have. */
  actionsOf(stageName: string): StageAction[] {
    return this.stagesNamed(stageName)
      .flatMap(stage => this.branchesOf(memberOf(stage, 'actions')).flat())
      .flatMap(element => this.branchesOf(element)).filter(action => memberOf(action, 'name') !== undefined)
      .map(action => ({
        name: this.textOf(action, 'name'),
        category: this.textOf(memberOf(action, 'actionTypeId'), 'category'),
        runOrder: this.numberOf(action, 'runOrder') ?? (memberOf(action, 'runOrder') === undefined ? 1 : undefined),
      }));
  }

  /** Adds an empty stage: under the condition of the stage that it is placed beside, where that one has a condition. */
  add(name: string, { justAfterStage, rightBeforeStage }: CfnPlacement): void {
    const beside = justAfterStage ?? rightBeforeStage;
    const added = { name, actions: [] };
    this.pipeline.stages = beside === undefined ? [...this.elements, added] : this.elements.flatMap(element => {
      if (!this.has(element, beside)) {
        return [element];
      }
      const companion = this.companionOf(element, beside, added);
      return rightBeforeStage === undefined ? [element, companion] : [companion, element];
    });
  }

  /** @throws Error where disabled transitions are known to CloudFormation only, so that none can be added */
  checkTransitions(): void {
    void this.disabledTransitions;
  }

  /** Keeps executions from entering a stage, under whatever condition that stage is there. */
  disableTransition(stageName: string, reason: string): void {
    this.pipeline.disableInboundStageTransitions = [
      ...this.disabledTransitions,
      ...this.elements.filter(element => this.has(element, stageName)).map(element => this.companionOf(element, stageName, { stageName, reason })),
    ];
  }

  /**
   * Adds an action to a stage, in every branch of an `Fn::If` that has the stage.
   *
   * @throws Error where its list of actions is known to CloudFormation only
   */
  addAction(stageName: string, action: codepipeline.CfnPipeline.ActionDeclarationProperty): void {
    const lists = this.stagesNamed(stageName).flatMap(stage => this.branchesOf(memberOf(stage, 'actions')));
    if (!lists.every(Array.isArray)) {
      throw new Error(`actions of the stage ${quote(stageName)} of the pipeline ${quote(this.pipeline.node.path)} is not known before it is deployed, so that ` +
        'no action can be added. Write the list of actions, with the function in it.');
    }
    const appended = (actions: unknown, isWithinFunction: boolean) =>
      mapBranches(actions, list => [...list as unknown[], isWithinFunction || isFnIf(actions) ? toCloudFormation(action) : action]);
    this.pipeline.stages = this.elements.map(element => {
      if (!this.has(element, stageName)) {
        return element;
      }
      if ('name' in element) {
        const { actions } = element;
        return { ...element, actions: Array.isArray(actions) ? [...actions, action] : rewritten(actions, resolved => appended(resolved, false)) };
      }
      return rewritten(element, resolved => mapBranches(resolved, stage => !this.isNamed(stage, stageName) ? stage : isFnIf(resolved)
        ? { ...stage as object, Actions: appended(memberOf(stage, 'actions'), true) }
        : { ...stage as object, actions: appended(memberOf(stage, 'actions'), false) }));
    });
  }

  private get disabledTransitions(): TransitionElement[] {
    return listOf(this.pipeline, 'disableInboundStageTransitions', this.pipeline.disableInboundStageTransitions ?? []);
  }

  private get elements(): StageElement[] {
    return listOf(this.pipeline, 'stages', this.pipeline.stages);
  }

  private has(element: StageElement, stageName: string): boolean {
    return this.branchesOf(element).some(stage => this.isNamed(stage, stageName));
  }

  private stagesNamed(stageName: string): unknown[] {
    return this.elements.flatMap(element => this.branchesOf(element)).filter(stage => this.isNamed(stage, stageName));
  }

  private isNamed(stage: unknown, stageName: string): boolean {
    return this.textOf(stage, 'name') === stageName;
  }

  /** A stage, or what belongs to one, under the condition under which the stage is there. */
  private companionOf<T extends object>(element: StageElement, stageName: string, companion: T): T | IResolvable {
    const written = toCloudFormation(companion);
    return 'name' in element ? companion : rewritten(element, resolved => {
      const conditional = underConditionsOf(resolved, stage => this.isNamed(stage, stageName), written);
      return conditional === written ? companion : conditional;
    });
  }

  private branchesOf(value: unknown): unknown[] {
    return branchesOf(Token.isUnresolved(value) ? Tokenization.resolve(value, { scope: this.pipeline, resolver: SHAPE }) : value);
  }

  private textOf(value: unknown, name: string): string | undefined {
    const text = this.resolve(memberOf(value, name));
    return typeof text === 'string' ? text : undefined;
  }

  private numberOf(value: unknown, name: string): number | undefined {
    const number = Number(this.resolve(memberOf(value, name)));
    return Number.isFinite(number) ? number : undefined;
  }

  private resolve(value: unknown): unknown {
    return Stack.of(this.pipeline).resolve(value);
  }
}

/**
 * Resolves what a function is made of, and no text or list in there: some are known only when the app is complete, and CDK asks for their
 * value once.
 */
class ShapeResolver extends DefaultTokenResolver {
  resolveString(): unknown {
    return {};
  }

  resolveList(): unknown {
    return {};
  }
}

const SHAPE = new ShapeResolver(new StringConcat());

/** Changes what a token becomes, when the template is written: until then it may refer to other stacks. CDK writes what is no function as a property. */
function rewritten(token: IResolvable, change: (resolved: unknown) => unknown): IResolvable {
  return Lazy.uncachedAny({ produce: context => change(context.resolve(token)) });
}

/** A member as CDK writes its name, or as CloudFormation does within a function. */
function memberOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] ?? value[capitalized(name)] : undefined;
}

/** A property of CDK's as CloudFormation writes it: within a function, CDK leaves names as they are. */
function toCloudFormation(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(toCloudFormation);
  }
  return isObject(value) && !Token.isUnresolved(value)
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [capitalized(name), toCloudFormation(member)]))
    : value;
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** A list as it is written, in which single elements may still be known to CloudFormation only. */
function listOf<T>(pipeline: codepipeline.CfnPipeline, property: string, list: T[] | object): T[] {
  if (!Array.isArray(list) || Token.isUnresolved(list)) {
    throw new Error(`${property} of the pipeline ${quote(pipeline.node.path)} is not known before it is deployed (it may be an Fn::If or another function as a whole), ` +
      'so that nothing can be added. Move the function into the list, to the stages that depend on it; ' +
      'or make a CloudFrontInvalidationFunction and write the action that invokes it into the template.');
  }
  return list;
}
