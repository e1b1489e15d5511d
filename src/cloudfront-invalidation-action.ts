import { Lazy, Stack, Token, Tokenization } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct, IConstruct } from 'constructs';
import { CloudFrontInvalidationFunction } from './cloudfront-invalidation-function';
import type { CloudFrontInvalidationOptions } from './cloudfront-invalidation-options';
import {
  DEFAULT_TIMEOUT_SECONDS,
  MAX_USER_PARAMETERS_LENGTH,
  quote,
  timeoutProblem,
  type JobParameters,
  type OutputVariable,
  type PathSource,
} from './contract';
import { InvalidationFailurePolicy } from './invalidation-failure-policy';
import { InvalidationPaths } from './invalidation-paths';
import { distributionRoleOf } from './private/distribution-role';
import { checkEnvironment } from './private/environment';
import { acknowledgeInlinePolicy, acknowledgePolicy } from './private/nag';
import { artifactStoreOf, pipelineNameOf } from './private/pipeline';
import { targetOf } from './private/target';
import { namespaceOf } from './private/variables';

/**
 * Properties of a `CloudFrontInvalidationAction`.
 */
export interface CloudFrontInvalidationActionProps extends CloudFrontInvalidationOptions, codepipeline.CommonAwsActionProps {}

/**
 * What an action says of its invalidation, for later actions. Each is a pipeline variable: `#{namespace.key}`.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-variables.html
 */
export interface CloudFrontInvalidationVariables {
  /**
   * The distribution's id, or `none` for a tenant.
   */
  readonly distributionId: string;

  /**
   * The distribution tenant's id, or `none` for a distribution.
   */
  readonly distributionTenantId: string;

  /**
   * The invalidation's id, or several separated by commas where the paths needed more than one, or `none`.
   */
  readonly invalidationId: string;

  /**
   * `Completed`; or `InProgress` with `waitForCompletion: false`; or `Failed` with `InvalidationFailurePolicy.WARN`.
   */
  readonly status: string;

  /**
   * How many paths and tags were sent to CloudFront, or `none`.
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
   * When CloudFront took the invalidation, as an ISO 8601 time in UTC, or `none`.
   */
  readonly createTime: string;

  /**
   * CodePipeline's type of what went wrong with `InvalidationFailurePolicy.WARN`, such as `PermissionError`, or `none`.
   */
  readonly errorType: string;

  /**
   * What went wrong with `InvalidationFailurePolicy.WARN`, or `none`.
   */
  readonly errorMessage: string;
}

/**
 * An action that invalidates the cache of one CloudFront distribution, or of one tenant of it, for any stage of a pipeline.
 *
 * To add a stage of its own to a pipeline, use `CloudFrontInvalidationStage`.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html
 *
 * @example
 * declare const deployStage: codepipeline.IStage;
 * declare const distribution: cloudfront.Distribution;
 *
 * deployStage.addAction(new CloudFrontInvalidationAction({
 *   actionName: 'Invalidate',
 *   distribution,
 *   runOrder: 2,
 * }));
 */
export class CloudFrontInvalidationAction extends codepipeline.Action {
  protected readonly providedActionProperties: codepipeline.ActionProperties;

  private readonly paths: InvalidationPaths;
  private readonly parameters: JobParameters;
  private readonly namespace: string;
  private actionRole?: iam.IRole;
  private stageName?: string;
  private hasReaders = false;

  /**
   * @throws Error unless exactly one of `distribution` and `distributionTenant` is given, if `timeout` is out of range, or if the
   *   parameters cannot fit 1000 characters
   */
  constructor(private readonly props: CloudFrontInvalidationActionProps) {
    super();
    this.paths = props.paths ?? InvalidationPaths.all();
    this.parameters = toParameters(props, this.paths);
    this.namespace = props.variablesNamespace ?? Lazy.string({ produce: () => this.hasReaders ? this.defaultNamespace() : undefined });
    this.providedActionProperties = {
      actionName: props.actionName,
      runOrder: props.runOrder,
      role: props.role,
      variablesNamespace: this.namespace,
      category: codepipeline.ActionCategory.INVOKE,
      provider: 'Lambda',
      resource: props.function?.lambdaFunction,
      inputs: this.paths._artifact && [this.paths._artifact],
      artifactBounds: { minInputs: 0, maxInputs: 1, minOutputs: 0, maxOutputs: 0 },
    };
  }

  /**
   * What the action will say of its invalidation, for the configuration of later actions.
   */
  public get variables(): CloudFrontInvalidationVariables {
    this.hasReaders = true;
    const variable = (name: OutputVariable) => `#{${this.namespace}.${name}}`;
    return {
      distributionId: variable('distributionId'),
      distributionTenantId: variable('distributionTenantId'),
      invalidationId: variable('invalidationId'),
      status: variable('status'),
      pathCount: variable('pathCount'),
      changedFileCount: variable('changedFileCount'),
      unchangedFileCount: variable('unchangedFileCount'),
      createTime: variable('createTime'),
      errorType: variable('errorType'),
      errorMessage: variable('errorMessage'),
    };
  }

  /**
   * The role that invokes the function, once the action is part of a stage.
   *
   * @internal
   */
  public get _actionRole(): iam.IRole | undefined {
    return this.actionRole;
  }

  /**
   * The action for a pipeline that is a plain CloudFormation resource.
   *
   * That pipeline's role may be out of reach, so the function's own policy admits it.
   *
   * @internal
   */
  public _declareFor(pipeline: codepipeline.CfnPipeline, stageName: string): codepipeline.CfnPipeline.ActionDeclarationProperty {
    const invalidationFunction = this.configure(pipeline, stageName);
    const { _artifact: artifact } = this.paths;
    invalidationFunction._admit(pipeline);
    if (artifact !== undefined) {
      invalidationFunction._readArtifacts(pipeline, artifactStoreOf(pipeline));
    }
    return {
      name: this.props.actionName,
      actionTypeId: { category: codepipeline.ActionCategory.INVOKE, owner: 'AWS', provider: 'Lambda', version: '1' },
      runOrder: this.props.runOrder,
      namespace: this.namespace,
      inputArtifacts: artifact && [{ name: nameOf(artifact) }],
      configuration: this.configuration(pipeline, pipeline, pipeline.ref, invalidationFunction),
    };
  }

  protected bound(scope: Construct, stage: codepipeline.IStage, options: codepipeline.ActionBindOptions): codepipeline.ActionConfig {
    const invalidationFunction = this.configure(scope, stage.stageName);
    this.actionRole = options.role;
    // grantInvoke() would also allow every version and alias, and CodePipeline invokes neither.
    options.role.addToPrincipalPolicy(new iam.PolicyStatement({
      actions: ['lambda:InvokeFunction'],
      resources: [invalidationFunction._invocation.functionArn],
    }));
    // The pipeline's own role is not ours to answer for.
    const isOwnRole = !('role' in stage.pipeline) || stage.pipeline.role !== options.role;
    if (isOwnRole) {
      acknowledgeInlinePolicy(options.role);
    }
    if (this.paths._artifact !== undefined) {
      const { bucket, role } = options;
      bucket.grantRead(role);
      if (isOwnRole) {
        acknowledgePolicy(role, {
          id: 'AwsSolutions-IAM5',
          appliesTo: ['Action::s3:GetObject*', 'Action::s3:GetBucket*', 'Action::s3:List*', { regex: '/^Resource::.*\\/\\*$/' }],
          reason: 'CodePipeline reads the input artifact with this role, whose name it chooses: the grant is that of CDK\'s own LambdaInvokeAction',
        });
      }
      invalidationFunction._readArtifacts(stage.pipeline, {
        objectsArn: bucket.arnForObjects('*'),
        grantDecrypt: functionRole => bucket.encryptionKey?.grantDecrypt(functionRole),
      });
    }
    return { configuration: this.configuration(scope, stage.pipeline, stage.pipeline.pipelineName, invalidationFunction) };
  }

  private configure(scope: Construct, stageName: string): CloudFrontInvalidationFunction {
    checkEnvironment(scope, this.props);
    this.stageName = stageName;
    const { distributionRole } = this.props;
    const invalidationFunction = this.props.function ?? CloudFrontInvalidationFunction._sharedBy(Stack.of(scope));
    if (distributionRole === undefined) {
      invalidationFunction._serve(targetOf(this.props));
    } else {
      invalidationFunction._assume(distributionRole);
    }
    return invalidationFunction;
  }

  private configuration(
    scope: Construct, pipeline: IConstruct, pipelineName: string, invalidationFunction: CloudFrontInvalidationFunction,
  ): Record<string, string> {
    const { distributionRole, paths } = this.parameters;
    const parameters: JobParameters = {
      ...this.parameters,
      distributionRole: distributionRole && { ...distributionRole, pipelineName: pipelineNameOf(pipeline) },
      paths: 'changedFiles' in paths
        ? { changedFiles: { ...invalidationFunction._readHistory(pipeline, pipelineName), ...paths.changedFiles, stageName: String(this.stageName) } }
        : paths,
    };
    checkLength(parameters);
    return {
      FunctionName: invalidationFunction._invocation.functionName,
      UserParameters: Stack.of(scope).toJsonString(parameters),
    };
  }

  private defaultNamespace(): string {
    if (this.stageName === undefined) {
      throw new Error(`variables of action ${quote(this.props.actionName)} cannot be used: the action was never added to a stage`);
    }
    return namespaceOf(this.stageName, this.props.actionName);
  }
}

function toParameters(props: CloudFrontInvalidationActionProps, paths: InvalidationPaths): JobParameters {
  const { resource, id } = targetOf(props);
  const timeoutSeconds = props.timeout?.toSeconds({ integral: false }) ?? DEFAULT_TIMEOUT_SECONDS;
  const problem = Token.isUnresolved(timeoutSeconds) ? undefined : timeoutProblem(timeoutSeconds);
  if (problem !== undefined) {
    throw new Error(problem);
  }

  const parameters: JobParameters = {
    ...(resource === 'distribution' ? { distributionId: id } : { distributionTenantId: id }),
    distributionRole: distributionRoleOf(props),
    waitForCompletion: props.waitForCompletion ?? true,
    timeoutSeconds,
    failurePolicy: props.failurePolicy ?? InvalidationFailurePolicy.FAIL,
    paths: pathSourceOf(paths, props.actionName),
  };
  checkLength(parameters);
  return parameters;
}

/** The stage and the pipeline are known once the action is added to them. */
function pathSourceOf({ _source: source }: InvalidationPaths, actionName: string): PathSource {
  if ('changedFiles' in source) {
    return { changedFiles: { ...source.changedFiles, stageName: '', actionName } };
  }
  return 'manifest' in source ? { manifest: source.manifest } : source.paths;
}

function checkLength(parameters: JobParameters): void {
  const length = shortestLength(JSON.stringify(parameters));
  if (length > MAX_USER_PARAMETERS_LENGTH) {
    const count = Array.isArray(parameters.paths) ? ` with ${parameters.paths.length} paths` : '';
    throw new Error(`paths must fit CodePipeline's ${MAX_USER_PARAMETERS_LENGTH} characters for an action's parameters, got ${length} characters${count}. ` +
      'Cover several paths with a wildcard such as \'/blog/*\', spread them over several actions, or let a build list them in a file: ' +
      'InvalidationPaths.fromManifest(artifact.atPath(\'invalidation.txt\')).');
  }
}

function nameOf(artifact: codepipeline.Artifact): string {
  if (artifact.artifactName === undefined) {
    throw new Error('paths need an artifact with a name, as in new codepipeline.Artifact(\'Site\'), since the pipeline is a CfnPipeline');
  }
  return artifact.artifactName;
}

/** The length of a text without its tokens, which may turn out to be of any length. */
function shortestLength(text: string): number {
  return Tokenization.reverseString(text).mapTokens({ mapToken: () => '' }).join({ join: (left, right) => `${left ?? ''}${right ?? ''}` }).length;
}
