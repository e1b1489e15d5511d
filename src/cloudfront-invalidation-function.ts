import * as path from 'path';
import { ArnFormat, Duration, Lazy, Names, PhysicalName, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { aws_cloudfront } from 'aws-cdk-lib/interfaces';
import { Construct, type IConstruct } from 'constructs';
import { DISTRIBUTION_ID_ENV, type ChangedFilesParameters } from './contract';
import { checkPartition, targetOfAccount } from './private/accounts';
import { checkDirection, cycleProblems } from './private/cycle';
import { FunctionPermissions } from './private/function-permissions';
import { inlinePolicyProblems } from './private/inline-policies';
import { acknowledge, acknowledgeInlinePolicy, acknowledgePolicy, suppressDecisions } from './private/nag';
import { checkNetwork } from './private/network';
import { givenNameOf, type ArtifactStore } from './private/pipeline';
import type { TargetResource } from './private/target-resource';

/** The handler's tests run on this version of Node.js, so it does not follow the Region or the CDK version. */
const LAMBDA_RUNTIME = lambda.Runtime.NODEJS_24_X;

/** An invocation reserves part of its time for the report. With less time, it could do little else. */
const MIN_TIMEOUT = Duration.seconds(30);

/**
 * Three deliveries of one event (Lambda retries twice, after one and two minutes) fit into the 20 minutes that CodePipeline waits for an
 * answer.
 */
const DEFAULT_TIMEOUT = Duration.minutes(5);

const VPC_POLICY = 'service-role/AWSLambdaVPCAccessExecutionRole';

/**
 * Properties of a `CloudFrontInvalidationFunction`: the options of any Lambda function, and a distribution.
 */
export interface CloudFrontInvalidationFunctionProps extends lambda.FunctionOptions {
  /**
   * The distribution to invalidate for an action without `UserParameters`.
   *
   * Use it for a pipeline that is defined elsewhere: in plain CloudFormation, in Terraform or in the console. Sets the environment variable
   * `CLOUDFRONT_DISTRIBUTION_ID` and gives the function permission to invalidate this distribution.
   *
   * @default - every action must specify its distribution
   */
  readonly distribution?: aws_cloudfront.IDistributionRef;
}

/**
 * The Lambda function that CodePipeline invokes to invalidate a CloudFront cache.
 *
 * Stages and actions create one per stack automatically when they first need it. Create your own to set its properties, or to use it from a
 * pipeline that is defined elsewhere.
 *
 * By default, it runs on arm64 with 256 MB of memory and a timeout of 5 minutes, and keeps its logs for one month. More memory makes the
 * cold start faster and the wait for CloudFront more expensive. Less memory is not enough to compare the artifacts of a large site. A wait
 * that is longer than the timeout continues in the next invocation. Its role may only do what its actions need: invalidate their
 * distributions or assume their roles, read their artifacts and their pipeline's history, report to CodePipeline and write logs.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html
 *
 * @example
 * declare const website: cloudfront.Distribution;
 *
 * new CloudFrontInvalidationFunction(this, 'InvalidationFunction', {
 *   distribution: website,
 *   functionName: 'invalidate-website',
 * });
 */
export class CloudFrontInvalidationFunction extends Construct implements iam.IGrantable {
  /**
   * The function that serves all actions of a stack.
   *
   * @internal
   */
  public static _sharedBy(stack: Stack): CloudFrontInvalidationFunction {
    const id = 'CloudFrontInvalidationFunction';
    const existing = stack.node.tryFindChild(id);
    return existing instanceof CloudFrontInvalidationFunction ? existing : new CloudFrontInvalidationFunction(stack, id);
  }

  /**
   * The Lambda function. Use it for alarms, tags and further permissions.
   */
  public readonly lambdaFunction: lambda.Function;

  /**
   * The function's execution role.
   */
  public readonly role: iam.IRole;

  public readonly grantPrincipal: iam.IPrincipal;

  private readonly permissions = new Map<Stack, FunctionPermissions>();
  private readonly referredTo = new Set<Stack>();
  private readonly givenName?: string;
  private fixedName?: string;

  /**
   * @throws Error if `timeout` is shorter than 30 seconds, or if `distribution` has an invalid ID or belongs to another account
   */
  constructor(scope: Construct, id: string, props: CloudFrontInvalidationFunctionProps = {}) {
    const { distribution, logRetention, logRemovalPolicy, ...options } = props;
    const timeout = options.timeout ?? DEFAULT_TIMEOUT;
    if (!timeout.isUnresolved() && timeout.toSeconds() < MIN_TIMEOUT.toSeconds()) {
      throw new Error(`timeout must be at least ${MIN_TIMEOUT.toHumanString()}, so that the function can wait for CloudFront and still report ` +
        `to CodePipeline, got ${timeout.toHumanString()}. To limit the whole wait, set the timeout of the stage or action.`);
    }
    const target = distribution && targetOfAccount(scope, { distribution });
    super(scope, id);

    const logGroup = options.logGroup ?? new logs.LogGroup(this, 'LogGroup', {
      retention: logRetention ?? logs.RetentionDays.ONE_MONTH,
      removalPolicy: logRemovalPolicy ?? RemovalPolicy.DESTROY,
    });
    this.role = options.role ?? new iam.Role(this, 'Role', {
      description: 'Invalidates CloudFront caches for CodePipeline',
      // The trust policy of a role in another account can then name this role.
      roleName: PhysicalName.GENERATE_IF_NEEDED,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      // No broader policy than needed: write access to this log group alone is granted below.
      managedPolicies: options.vpc && [iam.ManagedPolicy.fromAwsManagedPolicyName(VPC_POLICY)],
    });
    this.grantPrincipal = this.role.grantPrincipal;
    const functionName = options.functionName ?? PhysicalName.GENERATE_IF_NEEDED;
    this.givenName = functionName === PhysicalName.GENERATE_IF_NEEDED ? undefined : functionName;

    this.lambdaFunction = new NamedFunction(this, 'Function', {
      ...options,
      functionName,
      description: options.description ?? 'Invalidates a CloudFront cache for CodePipeline, and waits until it is done',
      architecture: options.architecture ?? lambda.Architecture.ARM_64,
      memorySize: options.memorySize ?? 256,
      timeout,
      logGroup,
      role: this.role,
      runtime: LAMBDA_RUNTIME,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(path.join(__dirname, '..', 'assets', 'handler')),
    });
    const resource = this.lambdaFunction.node.defaultChild as lambda.CfnFunction;
    const nameOfResource = resource.functionName;
    resource.functionName = Lazy.string({ produce: () => this.fixedName ?? nameOfResource });

    logs.LogGroupGrants.fromLogGroup(logGroup).write(this.role);
    this.role.addToPrincipalPolicy(new iam.PolicyStatement({
      actions: ['codepipeline:PutJobSuccessResult', 'codepipeline:PutJobFailureResult'],
      // These two actions have no resource-level permissions:
      // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodepipeline.html
      resources: ['*'],
    }));
    acknowledgePolicy(this.role, {
      id: 'AwsSolutions-IAM5',
      appliesTo: ['Resource::*'],
      reason: 'codepipeline:PutJobSuccessResult and PutJobFailureResult have no resource types; each call needs the ID of a job in progress',
    });
    acknowledgeInlinePolicy(this.role);
    acknowledge(options.vpc && this.node.tryFindChild('Role'), {
      id: 'AwsSolutions-IAM4',
      appliesTo: [`Policy::arn:<AWS::Partition>:iam::aws:policy/${VPC_POLICY}`],
      reason: 'AWS keeps in this policy what Lambda needs to manage its network interfaces in a VPC; CDK\'s own functions have it as well',
    });
    suppressDecisions(this.lambdaFunction, this.node.tryFindChild('LogGroup'));
    checkPartition(this);
    checkNetwork(this, options);
    this.node.addValidation({ validate: () => this.policyProblems() });
    if (target !== undefined) {
      this.lambdaFunction.addEnvironment(DISTRIBUTION_ID_ENV, target.id);
      this.add(target);
    }
  }

  /**
   * The name of the Lambda function, for an action's `FunctionName`.
   *
   * In a pipeline, use this property, not the name from `lambdaFunction`: it is a fixed name if the function has to reference that
   * pipeline, which avoids a circular dependency.
   */
  public get functionName(): string {
    return Lazy.string({ produce: () => this.fixedName ?? this.lambdaFunction.functionName });
  }

  /**
   * The ARN of the Lambda function.
   */
  public get functionArn(): string {
    return Lazy.string({
      produce: () => this.fixedName === undefined ? this.lambdaFunction.functionArn : Stack.of(this).formatArn({
        service: 'lambda', resource: 'function', resourceName: this.fixedName, arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    });
  }

  /**
   * Allows the function to invalidate a further distribution in its account, for actions defined elsewhere that name it in their
   * `UserParameters`.
   *
   * @throws Error if the distribution belongs to another account, or if its ID is invalid
   */
  public addDistribution(distribution: aws_cloudfront.IDistributionRef): void {
    this.add(targetOfAccount(this, { distribution }));
  }

  /**
   * Allows the function to invalidate a further distribution tenant in its account, for actions defined elsewhere that name it in their
   * `UserParameters`.
   *
   * @throws Error if the tenant belongs to another account, or if its ID is invalid
   */
  public addDistributionTenant(distributionTenant: aws_cloudfront.IDistributionTenantRef): void {
    this.add(targetOfAccount(this, { distributionTenant }));
  }

  /**
   * Allows the function to invalidate a target of a pipeline.
   *
   * @internal
   */
  public _grantInvalidation(pipeline: IConstruct, target: TargetResource): void {
    this.permissionsFor(pipeline).invalidate(target);
  }

  /**
   * Allows the function to assume a role that may invalidate a distribution.
   *
   * @internal
   */
  public _grantAssumption(pipeline: IConstruct, distributionRole: iam.IRole): void {
    this.permissionsFor(pipeline).assume(distributionRole);
  }

  /**
   * Allows the function to read the artifacts of a pipeline.
   *
   * @internal
   */
  public _grantArtifacts(pipeline: IConstruct, store: ArtifactStore): void {
    this.permissionsFor(pipeline).readArtifacts(store);
  }

  /**
   * Allows the function to read the history of a pipeline.
   *
   * @param uses what else the pipeline references
   * @returns the pipeline's name, or the environment variable that contains it
   * @internal
   */
  public _grantHistory(
    pipeline: IConstruct, pipelineName: string, uses: readonly IConstruct[],
  ): Pick<ChangedFilesParameters, 'pipelineName' | 'pipelineNameVariable'> {
    const givenName = givenNameOf(pipeline);
    if (givenName === undefined) {
      checkDirection(this, pipeline, uses);
    }
    this.permissionsFor(pipeline).readHistory(Stack.of(pipeline).formatArn({ service: 'codepipeline', resource: givenName ?? pipelineName }));
    if (givenName !== undefined) {
      return { pipelineName: givenName };
    }
    // A pipeline cannot reference itself. So the function references the pipeline, which then cannot reference the function.
    this.fixName();
    this.referTo(Stack.of(pipeline));
    this.node.addValidation({ validate: () => cycleProblems(pipeline, this.lambdaFunction) });
    const pipelineNameVariable = `PIPELINE_NAME_${pipeline.node.addr.slice(0, 8).toUpperCase()}`;
    this.lambdaFunction.addEnvironment(pipelineNameVariable, pipelineName);
    return { pipelineNameVariable };
  }

  /**
   * Allows a pipeline to invoke the function if the pipeline's role cannot be granted a permission.
   *
   * @internal
   */
  public _grantInvocation(pipeline: codepipeline.CfnPipeline): void {
    this.permissionsFor(pipeline).admit(pipeline);
  }

  private policyProblems(): string[] {
    const elsewhere = [...this.permissions.values()].map(({ policyElsewhere }) => policyElsewhere);
    return inlinePolicyProblems(this, [this.role, ...elsewhere].filter(owner => owner !== undefined));
  }

  private add(target: TargetResource): void {
    this.permissionsFor(this).invalidate(target);
    this.referTo(Stack.of(target.construct));
  }

  private permissionsFor(consumer: IConstruct): FunctionPermissions {
    const stack = Stack.of(consumer);
    const permissions = this.permissions.get(stack) ?? new FunctionPermissions(this, stack);
    if (!this.permissions.has(stack)) {
      this.permissions.set(stack, permissions);
      this.turnAround(stack);
    }
    return permissions;
  }

  /** Records that the function's stack references another one. */
  private referTo(stack: Stack): void {
    this.referredTo.add(stack);
    this.turnAround(stack);
  }

  /**
   * Two stacks cannot reference each other. If the function's stack references a pipeline's stack, the latter references the function by a
   * fixed name.
   */
  private turnAround(stack: Stack): void {
    if (stack !== Stack.of(this) && this.permissions.has(stack) && this.referredTo.has(stack)) {
      this.fixName();
      this.permissions.get(stack)?.moveHome();
    }
  }

  private fixName(): void {
    this.fixedName = this.givenName ?? uniqueNameOf(this.lambdaFunction);
  }
}

/** A function whose name is the same wherever CDK or this library needs it before deployment. */
class NamedFunction extends lambda.Function {
  protected generatePhysicalName(): string {
    return uniqueNameOf(this);
  }
}

function uniqueNameOf(lambdaFunction: lambda.Function): string {
  return Names.uniqueResourceName(lambdaFunction, { maxLength: 64, separator: '-' });
}
