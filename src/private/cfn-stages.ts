import { DefaultTokenResolver, Lazy, Stack, StringConcat, Token, Tokenization, type IResolvable } from 'aws-cdk-lib';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { isObject, quote } from '../contract';
import { branchesOf, isFnIf, mapBranches, underConditionsOf } from './fn-if';
import type { StageAction } from './run-order';

type StageElement = IResolvable | codepipeline.CfnPipeline.StageDeclarationProperty;
type TransitionElement = IResolvable | codepipeline.CfnPipeline.StageTransitionProperty;

/** Where to place a stage: before or after another one, or last. */
export interface CfnPlacement {
  readonly justAfterStage?: string;
  readonly rightBeforeStage?: string;
}

/** The stages of a `CfnPipeline`. A stage inside an `Fn::If` is a token and remains one. */
export class CfnStages {
  /** @throws Error if only CloudFormation knows the list of stages */
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

  /** Adds an empty stage. If the stage next to it has a condition, the new stage gets the same condition. */
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

  /** @throws Error if only CloudFormation knows the disabled transitions, so none can be added */
  checkTransitions(): void {
    void this.disabledTransitions;
  }

  /** Keeps executions from entering a stage, under the same condition as the stage itself. */
  disableTransition(stageName: string, reason: string): void {
    this.pipeline.disableInboundStageTransitions = [
      ...this.disabledTransitions,
      ...this.elements.filter(element => this.has(element, stageName)).map(element => this.companionOf(element, stageName, { stageName, reason })),
    ];
  }

  /**
   * Adds an action to a stage, in every branch of an `Fn::If` that has the stage.
   *
   * @throws Error if only CloudFormation knows its list of actions
   */
  addAction(stageName: string, action: codepipeline.CfnPipeline.ActionDeclarationProperty): void {
    const lists = this.stagesNamed(stageName).flatMap(stage => this.branchesOf(memberOf(stage, 'actions')));
    if (!lists.every(Array.isArray)) {
      throw new Error(`actions of the stage ${quote(stageName)} in the pipeline ${quote(this.pipeline.node.path)} must be known before deployment, so that an ` +
        'action can be added, got an intrinsic function. Write a list of actions, and move the intrinsic function into the list.');
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

  /** Puts a stage, or something that belongs to one, under the same condition as another stage. */
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
 * Resolves the structure of an intrinsic function, but not the strings and lists in it: some are known only when the app is complete, and
 * CDK asks for their value only once.
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

/**
 * Changes what a token resolves to, at the time when CDK writes the template: until then, it may reference other stacks. CDK renders
 * anything that is not an intrinsic function as a property.
 */
function rewritten(token: IResolvable, change: (resolved: unknown) => unknown): IResolvable {
  return Lazy.uncachedAny({ produce: context => change(context.resolve(token)) });
}

/** A member by its CDK name, or by its CloudFormation name inside an intrinsic function. */
function memberOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] ?? value[capitalized(name)] : undefined;
}

/** A CDK property with CloudFormation's names: inside an intrinsic function, CDK does not translate names. */
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

/** A list as written. Only CloudFormation may know single elements. */
function listOf<T>(pipeline: codepipeline.CfnPipeline, property: string, list: T[] | object): T[] {
  if (!Array.isArray(list) || Token.isUnresolved(list)) {
    throw new Error(`${property} of the pipeline ${quote(pipeline.node.path)} must be a list, so that something can be added to it, got an Fn::If or another intrinsic function. ` +
      'Move the intrinsic function into the list, to the stages that depend on it, ' +
      'or create a CloudFrontInvalidationFunction and write the action that invokes it into the template.');
  }
  return list;
}
