import { Lazy, Stack } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct, type IConstruct } from 'constructs';
import type { ChangedFilesOptions } from './changed-files-options';
import { CloudFrontInvalidationFunction } from './cloudfront-invalidation-function';
import type { CloudFrontInvalidationOptions } from './cloudfront-invalidation-options';
import { actionMark, quote, type OutputVariable, type PathSource } from './contract';
import { CfnStages } from './private/cfn-stages';
import { deployersOf, type Deployers } from './private/deployers';
import { distributionOf } from './private/distribution-config';
import { checkEnvironment, checkRegion } from './private/environment';
import { writtenActionsOf } from './private/known-actions';
import { noteInvalidation } from './private/may-deploy';
import { acknowledgeInlinePolicy, acknowledgePolicy } from './private/nag';
import { warnAboutOtherFiles } from './private/other-files';
import { completeLengthProblems } from './private/parameters-length';
import { artifactStoreOf, pipelineNameOf } from './private/pipeline';
import { actionsOf, runOrderOf, watchRunOrder, type GivenOrder } from './private/run-order';
import { archiveProblem, warnAboutFolders } from './private/s3-deployments';
import { warnAboutSite } from './private/site-warnings';
import { warnAboutLaterDeployers, watchStageOrder } from './private/stage-order';
import { targetResourceOf } from './private/target-resource';
import { parametersOf, toUserParameters, type OptionParameters } from './private/user-parameters';
import { namespaceOf } from './private/variables';
import { warn } from './private/warnings';

/**
 * Properties of a `CloudFrontInvalidationAction`.
 *
 * Without a `runOrder`, the action runs after the actions that its stage already has and that may deploy: its run order is one more than
 * the highest of theirs, or 1 if there are none. Actions of category Deploy, Build, Compute and Invoke may deploy, except other
 * invalidations.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/action-requirements.html
 */
export interface CloudFrontInvalidationActionProps extends CloudFrontInvalidationOptions, codepipeline.CommonAwsActionProps {}

/**
 * What an action tells later actions about its invalidation. Each property is a pipeline variable: `#{namespace.key}`.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-variables.html
 */
export interface CloudFrontInvalidationVariables {
  /**
   * The distribution's ID, or `none` for a tenant.
   */
  readonly distributionId: string;

  /**
   * The distribution tenant's ID, or `none` for a distribution.
   */
  readonly distributionTenantId: string;

  /**
   * The invalidation's ID, or `none`. If the paths needed several invalidations, the ID of the last one.
   */
  readonly invalidationId: string;

  /**
   * How many invalidations the paths needed, or `0`. One invalidation contains at most 3,000 paths and 15 wildcards.
   */
  readonly invalidationCount: string;

  /**
   * `Completed`, `InProgress` (with `waitForCompletion: false`) or `Failed` (with `InvalidationFailurePolicy.WARN`).
   */
  readonly status: string;

  /**
   * How many paths and tags the action sent to CloudFront, or `none`.
   */
  readonly pathCount: string;

  /**
   * With `InvalidationPaths.changedFiles`, how many files were modified, removed or added, or `none`.
   */
  readonly changedFileCount: string;

  /**
   * With `InvalidationPaths.changedFiles`, how many unchanged files were invalidated along with them, or `none`.
   */
  readonly unchangedFileCount: string;

  /**
   * With a `freshnessCheck`, how many pages were seen fresh or fetched again, or `none`.
   */
  readonly checkedPageCount: string;

  /**
   * When CloudFront created the first invalidation, as an ISO 8601 time in UTC, or `none`.
   */
  readonly createTime: string;

  /**
   * With `InvalidationFailurePolicy.WARN`, CodePipeline's type of the error, such as `PermissionError`, or `none`.
   */
  readonly errorType: string;

  /**
   * With `InvalidationFailurePolicy.WARN`, the error message, or `none`.
   */
  readonly errorMessage: string;
}

/**
 * An action for any pipeline stage that invalidates the cache of one CloudFront distribution or one distribution tenant.
 *
 * In the deploy stage, add it last: without a `runOrder`, it runs after the actions that the stage already has and that may deploy, also
 * when the stage is rolled back. Synthesis warns if such an action runs at the same time as the invalidation or later, because it was added
 * later or because of its `runOrder`.
 *
 * To add a separate stage to a pipeline, use `CloudFrontInvalidationStage`.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html
 *
 * @example
 * declare const deployStage: codepipeline.IStage;
 * declare const website: cloudfront.Distribution;
 *
 * deployStage.addAction(new CloudFrontInvalidationAction({
 *   actionName: 'Invalidate',
 *   distribution: website,
 * }));
 */
export class CloudFrontInvalidationAction extends codepipeline.Action {
  protected readonly providedActionProperties: codepipeline.ActionProperties;

  /**
   * What orders the actions in the stage, if it is CDK Pipelines and not the user.
   *
   * @internal
   */
  public _order?: GivenOrder;

  /** The action's only input artifact, for its paths and its check. */
  private readonly artifact?: codepipeline.Artifact;
  private readonly parameters: OptionParameters;
  private readonly namespace: string;
  private actionRole?: iam.IRole;
  private stageName?: string;
  private invalidationFunction?: CloudFrontInvalidationFunction;
  /** Whether something reads the variables: a later action, or the next execution of this one, from the pipeline's history. */
  private needsNamespace: boolean;

  /**
   * @throws Error unless exactly one of `distribution` and `distributionTenant` is specified, if `timeout` is out of range, if `paths` come
   * from a `FileSet`, if `freshnessCheck` and `paths` use different artifacts, or if the parameters do not fit into 1,000 characters
   */
  constructor(private readonly props: CloudFrontInvalidationActionProps) {
    super();
    if (props.paths?._fileSet !== undefined) {
      throw new Error(`paths of the action ${quote(props.actionName)} must not come from a FileSet, which works only in a CloudFrontInvalidationStep: ` +
        'use InvalidationPaths.changedFiles(artifact) or fromManifest(artifact.atPath(fileName))');
    }
    this.artifact = inputOf(props);
    this.parameters = parametersOf(props);
    this.needsNamespace = 'changedFiles' in this.parameters.paths;
    this.namespace = props.variablesNamespace ?? Lazy.string({ produce: () => this.needsNamespace ? this.defaultNamespace() : undefined });
    this.providedActionProperties = {
      actionName: props.actionName,
      runOrder: props.runOrder,
      role: props.role,
      variablesNamespace: this.namespace,
      category: codepipeline.ActionCategory.INVOKE,
      provider: 'Lambda',
      resource: props.function?.lambdaFunction,
      inputs: this.artifact && [this.artifact],
      artifactBounds: { minInputs: 0, maxInputs: 1, minOutputs: 0, maxOutputs: 0 },
    };
  }

  /**
   * The output variables of the action, for the configuration of later actions.
   */
  public get variables(): CloudFrontInvalidationVariables {
    this.needsNamespace = true;
    const variable = (name: OutputVariable) => `#{${this.namespace}.${name}}`;
    return {
      distributionId: variable('distributionId'),
      distributionTenantId: variable('distributionTenantId'),
      invalidationId: variable('invalidationId'),
      invalidationCount: variable('invalidationCount'),
      status: variable('status'),
      pathCount: variable('pathCount'),
      changedFileCount: variable('changedFileCount'),
      unchangedFileCount: variable('unchangedFileCount'),
      checkedPageCount: variable('checkedPageCount'),
      createTime: variable('createTime'),
      errorType: variable('errorType'),
      errorMessage: variable('errorMessage'),
    };
  }

  /**
   * The function that does the work: the one you specified, or the shared one of the pipeline's stack.
   *
   * @throws Error if the action is not in a stage yet, because the stage decides which stack it is
   */
  public get function(): CloudFrontInvalidationFunction {
    if (this.invalidationFunction === undefined) {
      throw new Error(`function of action ${quote(this.props.actionName)} is not known until the action is in a stage: add it to one first`);
    }
    return this.invalidationFunction;
  }

  /**
   * The role that invokes the function, once the action is in a stage.
   *
   * @internal
   */
  public get _actionRole(): iam.IRole | undefined {
    return this.actionRole;
  }

  /**
   * Adds the action to an existing stage of a `CfnPipeline`. The stage may be inside an `Fn::If`.
   *
   * The function's resource policy allows the pipeline's role to invoke it, because the role's own policies may be out of reach.
   *
   * @param pipeline a `CfnPipeline` in this app, or one from a `CfnInclude` template
   * @param stageName the name of the stage
   * @throws Error if the pipeline has no such stage, if the stage already has an action with this name, or if this action is already in a
   * stage
   */
  public addToCfnStage(pipeline: codepipeline.CfnPipeline, stageName: string): void {
    this.refuseSecondStage();
    const stages = new CfnStages(pipeline);
    if (!stages.names.includes(stageName)) {
      throw new Error(`stageName must name a stage of the pipeline ${quote(pipeline.node.path)}, got ${quote(stageName)}: the pipeline has ${stages.names.map(quote).join(', ')}`);
    }
    const { actionName } = this.props;
    if (stages.actionsOf(stageName).some(({ name }) => name === actionName)) {
      throw new Error(`actionName must be unique in its stage, got ${quote(actionName)}, which the stage ${quote(stageName)} already has`);
    }
    const joining = { pipeline, stageName, actionName, runOrder: this.props.runOrder, actions: () => stages.actionsOf(stageName) };
    const runOrder = runOrderOf(joining);
    // For a late warning, CDK 2.236.0 looks for an acknowledgement only above the warning's construct. Below the pipeline, users can
    // acknowledge it on the pipeline.
    const scope = new Construct(pipeline, `${stageName}.${pipeline.node.children.length}`);
    stages.addAction(stageName, this.declarationFor(scope, pipeline, stageName, runOrder));
    watchRunOrder(scope, joining, runOrder);
    watchStageOrder(scope, joining);
  }

  protected bound(scope: Construct, stage: codepipeline.IStage, options: codepipeline.ActionBindOptions): codepipeline.ActionConfig {
    this.refuseSecondStage();
    const { actionName, runOrder: givenRunOrder } = this.props;
    const { pipeline, stageName } = stage;
    const joining = { pipeline, stageName, actionName, runOrder: givenRunOrder, order: this._order, actions: () => actionsOf(stage) };
    const runOrder = runOrderOf(joining);
    watchRunOrder(scope, joining, runOrder);
    watchStageOrder(scope, joining);
    // CDK reads the run order after this method. A lazy number would fail CDK's check of artifacts that the same stage produces.
    Object.assign(this.actionProperties, { runOrder });
    const invalidationFunction = this.joinStage(scope, pipeline, stageName);
    this.actionRole = options.role;
    // grantInvoke() would also allow every version and alias, but CodePipeline invokes neither.
    options.role.addToPrincipalPolicy(new iam.PolicyStatement({
      actions: ['lambda:InvokeFunction'],
      resources: [invalidationFunction.functionArn],
    }));
    // The pipeline's own role belongs to the user, and so do its findings.
    const isOwnRole = !('role' in stage.pipeline) || stage.pipeline.role !== options.role;
    if (isOwnRole) {
      acknowledgeInlinePolicy(options.role);
    }
    if (this.artifact !== undefined) {
      const { bucket, role } = options;
      bucket.grantRead(role);
      if (isOwnRole) {
        acknowledgePolicy(role, {
          id: 'AwsSolutions-IAM5',
          appliesTo: ['Action::s3:GetObject*', 'Action::s3:GetBucket*', 'Action::s3:List*', { regex: '/^Resource::.*\\/\\*$/' }],
          reason: 'CodePipeline reads the input artifact with this role, whose name it chooses: the grant is that of CDK\'s own LambdaInvokeAction',
        });
      }
      invalidationFunction._grantArtifacts(stage.pipeline, {
        objectsArn: bucket.arnForObjects('*'),
        bucket,
        grantDecrypt: grantee => bucket.encryptionKey?.grantDecrypt(grantee),
      });
    }
    return { configuration: this.configuration(scope, pipeline, pipeline.pipelineName, stageName, options.bucket) };
  }

  private declarationFor(
    scope: Construct, pipeline: codepipeline.CfnPipeline, stageName: string, runOrder: number,
  ): codepipeline.CfnPipeline.ActionDeclarationProperty {
    const invalidationFunction = this.joinStage(scope, pipeline, stageName);
    const { artifact } = this;
    invalidationFunction._grantInvocation(pipeline);
    if (artifact !== undefined) {
      invalidationFunction._grantArtifacts(pipeline, artifactStoreOf(pipeline));
    }
    return {
      name: this.props.actionName,
      actionTypeId: { category: codepipeline.ActionCategory.INVOKE, owner: 'AWS', provider: 'Lambda', version: '1' },
      // CloudFormation's own default, so a template that already has the stage does not change.
      runOrder: runOrder === 1 ? undefined : runOrder,
      namespace: this.namespace,
      inputArtifacts: artifact && [{ name: artifactNameOf(artifact) }],
      configuration: this.configuration(scope, pipeline, pipeline.ref, stageName),
    };
  }

  private refuseSecondStage(): void {
    if (this.stageName !== undefined) {
      throw new Error(`action ${quote(this.props.actionName)} is already in the stage ${quote(this.stageName)}: create another CloudFrontInvalidationAction for a second stage`);
    }
  }

  private joinStage(scope: Construct, pipeline: IConstruct, stageName: string): CloudFrontInvalidationFunction {
    checkEnvironment(scope, pipeline, this.props);
    noteInvalidation(pipeline, stageName, this.props.actionName);
    this.stageName = stageName;
    const { distributionRole } = this.props;
    const invalidationFunction = this.invalidationFunction = this.props.function ?? CloudFrontInvalidationFunction._sharedBy(Stack.of(scope));
    if (distributionRole === undefined) {
      invalidationFunction._grantInvalidation(pipeline, targetResourceOf(this.props));
    } else {
      invalidationFunction._grantAssumption(pipeline, distributionRole);
    }
    return invalidationFunction;
  }

  private configuration(
    scope: Construct, pipeline: IConstruct, pipelineName: string, stageName: string, bucket?: s3.IBucket,
  ): Record<string, string> {
    const { distributionRole } = this.parameters;
    const userParameters = toUserParameters(scope, {
      ...this.parameters,
      distributionRole: distributionRole && { ...distributionRole, pipelineName: pipelineNameOf(pipeline) },
      paths: this.pathSource(scope, pipeline, pipelineName, stageName, bucket),
    });
    scope.node.addValidation({ validate: () => completeLengthProblems(scope, userParameters) });
    return { FunctionName: this.function.functionName, UserParameters: userParameters };
  }

  private pathSource(
    scope: Construct, pipeline: IConstruct, pipelineName: string, stageName: string, bucket?: s3.IBucket,
  ): PathSource {
    const { paths } = this.parameters;
    if (!('changedFiles' in paths)) {
      return paths;
    }
    const uses = [targetResourceOf(this.props).construct, bucket, bucket?.encryptionKey].filter(used => used !== undefined);
    checkRegion(this.function, pipeline);
    scope.node.addValidation({ validate: () => this.siteProblems(scope, pipeline, stageName, paths.changedFiles) });
    return {
      changedFiles: {
        ...this.function._grantHistory(pipeline, pipelineName, uses),
        ...paths.changedFiles,
        stageName,
        actionName: this.props.actionName,
        // Lazy, because actions may be added to the pipeline later.
        deployedBy: Lazy.uncachedList({ produce: () => this.deployers(pipeline, paths.changedFiles).names }),
        otherActions: Lazy.uncachedString({ produce: () => this.deployers(pipeline, paths.changedFiles).others.map(actionMark).join('') }),
      },
    };
  }

  /** Problems that are known only when the app is complete. */
  private siteProblems(scope: Construct, pipeline: IConstruct, stageName: string, options: ChangedFilesOptions): string[] {
    const artifactName = artifactNameOf(this.artifact!);
    const { names, problem, doubt } = this.deployers(pipeline, options);
    const actions = writtenActionsOf(pipeline);
    const deployers = actions.filter(({ name }) => names.includes(name));
    const distribution = distributionOf(this.props);
    if (distribution !== undefined) {
      warnAboutSite(scope, distribution, options);
    }
    if (doubt !== undefined) {
      warn(scope, 'deployedArtifact', doubt);
    }
    warnAboutFolders(scope, distribution, options, artifactName, deployers);
    warnAboutOtherFiles(scope, { pipeline, artifactName, actions, deployers });
    warnAboutLaterDeployers(scope, pipeline, { stageName, actionName: this.props.actionName }, names, options.deployedBy !== undefined);
    return [problem, archiveProblem(artifactName, deployers)].filter(each => each !== undefined);
  }

  private deployers(pipeline: IConstruct, { deployedBy }: ChangedFilesOptions): Deployers {
    return deployersOf(pipeline, artifactNameOf(this.artifact!), this._order !== undefined, deployedBy);
  }

  private defaultNamespace(): string {
    if (this.stageName === undefined) {
      throw new Error(`variables of action ${quote(this.props.actionName)} cannot be used, because the action is not in a stage: add it to one`);
    }
    return namespaceOf(this.stageName, this.props.actionName);
  }
}

/** The input artifact that the action needs. */
function inputOf({ paths, freshnessCheck }: CloudFrontInvalidationOptions): codepipeline.Artifact | undefined {
  const [ofPaths, ofCheck] = [paths?._artifact, freshnessCheck?._artifact];
  const isSame = ofPaths === ofCheck || (ofPaths?.artifactName !== undefined && ofPaths.artifactName === ofCheck?.artifactName);
  if (ofPaths !== undefined && ofCheck !== undefined && !isSame) {
    throw new Error('freshnessCheck must use the same artifact as paths, because the action has only one input, ' +
      `got ${quote(ofCheck.artifactName)} and ${quote(ofPaths.artifactName)}: use FreshnessCheck.pages(), or two actions`);
  }
  return ofPaths ?? ofCheck;
}

function artifactNameOf(artifact: codepipeline.Artifact): string {
  if (artifact.artifactName === undefined) {
    throw new Error('paths and freshnessCheck must use an artifact with a name in a CfnPipeline, such as new codepipeline.Artifact(\'Site\')');
  }
  return artifact.artifactName;
}
