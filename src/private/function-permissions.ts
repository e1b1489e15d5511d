import { Lazy, Names, Stack } from 'aws-cdk-lib';
import type * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct, IConstruct } from 'constructs';
import { InvalidationPermission } from './invalidation-permission';
import type { ArtifactStore } from './pipeline';
import { MovablePermissions, OwnPolicy, type Place } from './role-policy';
import type { TargetResource } from './target-resource';

/** A function and its role. */
interface PermittedFunction extends Construct {
  readonly role: iam.IRole;
  readonly lambdaFunction: lambda.IFunction;
}

/** What a function may do for the pipelines of one stack, and which of these pipelines may invoke it. */
export class FunctionPermissions {
  private readonly home: Place;
  private readonly elsewhere?: MovablePermissions;
  private readonly invalidation: InvalidationPermission;
  private readonly distributionRoleArns = new Set<string>();

  constructor(private readonly permitted: PermittedFunction, stack: Stack) {
    const { role } = permitted;
    const own = new OwnPolicy(role);
    this.home = { scope: permitted, policy: own };
    if (stack !== Stack.of(permitted)) {
      this.elsewhere = new MovablePermissions(this.home, role, stack, `InvalidationPermissions${Names.nodeUniqueId(permitted.node)}`);
    }
    this.invalidation = new InvalidationPermission(permitted, this.elsewhere ?? own);
  }

  /** The policy in the pipelines' stack, if there is one. */
  get policyElsewhere(): IConstruct | undefined {
    return this.elsewhere?.scope;
  }

  /** Writes everything in the function's stack, which from now on references the pipelines' stack. */
  moveHome(): void {
    this.elsewhere?.moveHome();
  }

  /** Allows the function to invalidate a distribution or a tenant. */
  invalidate(target: TargetResource): void {
    this.invalidation.add(target);
  }

  /** Allows the function to assume a role that may invalidate a distribution. */
  assume(distributionRole: iam.IRole): void {
    if (this.distributionRoleArns.size === 0) {
      this.add(new iam.PolicyStatement({
        actions: ['sts:AssumeRole'],
        resources: Lazy.list({ produce: () => [...this.distributionRoleArns] }),
      }));
    }
    this.distributionRoleArns.add(distributionRole.roleArn);
  }

  /** Allows the function to read the artifacts of a pipeline. */
  readArtifacts({ objectsArn, bucket, grantDecrypt }: ArtifactStore): void {
    const isOwnBucket = bucket !== undefined && Stack.of(bucket) === Stack.of(this.permitted);
    const elsewhere = isOwnBucket ? undefined : this.elsewhere;
    const policy = elsewhere ?? this.home.policy;
    policy.add(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: [objectsArn] }));
    policy.acknowledge({
      id: 'AwsSolutions-IAM5',
      appliesTo: [{ regex: '/^Resource::.*\\/\\*$/' }],
      reason: 'The artifacts of earlier executions are read, whose names CodePipeline chooses',
    });
    grantDecrypt?.(elsewhere === undefined ? this.permitted.role : new Grantee(this.permitted.role, elsewhere));
  }

  /** Allows the function to read the history of a pipeline. */
  readHistory(pipelineArn: string): void {
    this.add(new iam.PolicyStatement({ actions: ['codepipeline:ListActionExecutions'], resources: [pipelineArn] }));
  }

  /** Allows a pipeline to invoke the function if the pipeline's role cannot be granted a permission: only this role, and nobody else. */
  admit(pipeline: codepipeline.CfnPipeline): void {
    const id = `Invoke${Names.nodeUniqueId(pipeline.node)}`;
    const write = ({ scope }: Place) => {
      if (scope.node.tryFindChild(id) === undefined) {
        new lambda.CfnPermission(scope, id, {
          action: 'lambda:InvokeFunction',
          functionName: this.permitted.lambdaFunction.functionArn,
          principal: pipeline.roleArn,
        });
      }
    };
    if (this.elsewhere === undefined) {
      write(this.home);
    } else {
      this.elsewhere.write(write);
    }
  }

  private add(statement: iam.PolicyStatement): void {
    (this.elsewhere ?? this.home.policy).add(statement);
  }
}

/** The function's role for CDK's grants, which writes their statements where the other permissions are. */
class Grantee implements iam.IPrincipal {
  readonly grantPrincipal = this;
  readonly assumeRoleAction: string;
  readonly policyFragment: iam.PrincipalPolicyFragment;
  readonly principalAccount?: string;

  constructor(private readonly role: iam.IRole, private readonly permissions: MovablePermissions) {
    this.assumeRoleAction = role.assumeRoleAction;
    this.policyFragment = role.policyFragment;
    this.principalAccount = role.principalAccount;
  }

  addToPrincipalPolicy(statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    this.permissions.add(statement);
    return { statementAdded: true, policyDependable: this.role };
  }
}
