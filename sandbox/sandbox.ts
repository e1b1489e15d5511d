import { existsSync } from 'fs';
import { join } from 'path';
import { Clock } from './clock';
import { CloudFront } from './cloudfront';
import { CodePipeline, type ActionDefinition } from './codepipeline';
import { Faults } from './faults';
import { Role, type Statement } from './iam';
import { Lambda } from './lambda';
import { isRecord } from './model';
import type { ApiRequest, Surroundings } from './service';
import { DeployedTemplate, type DeployedResource } from './template';

const ACCOUNT = '123456789012';
const REGION = 'eu-west-1';

export interface SandboxOptions {
  /** How much faster than ours the sandbox's time runs. @default 1 */
  readonly timeScale?: number;
}

export interface DeployOptions {
  readonly stackName: string;
  /** The cloud assembly, with the folders of the functions' code. */
  readonly assetsDirectory: string;
}

/** A stack, as it stands in the sandbox. */
export interface DeployedStack {
  readonly outputs: Readonly<Record<string, string>>;
  physicalId(logicalId: string): string;
  resourcesOfType(type: string): DeployedResource[];
}

/** AWS on loopback: CloudFront, CodePipeline and Lambda, as far as an invalidation needs them. */
export class Sandbox {
  static async start(options: SandboxOptions = {}): Promise<Sandbox> {
    const sandbox = new Sandbox(options);
    await Promise.all([sandbox.cloudFront.start(), sandbox.codePipeline.start()]);
    return sandbox;
  }

  readonly clock: Clock;
  readonly faults = new Faults();
  /** Every API request, in the order of arrival. */
  readonly requests: ApiRequest[] = [];
  readonly lambda: Lambda;
  readonly cloudFront: CloudFront;
  readonly codePipeline: CodePipeline;

  private readonly roles = new Map<string, Role>();
  private readonly exports = new Map<string, string>();

  private constructor({ timeScale }: SandboxOptions) {
    this.clock = new Clock(timeScale);
    const surroundings: Surroundings = {
      clock: this.clock,
      faults: this.faults,
      requests: this.requests,
      roleOf: accessKeyId => [...this.roles.values()].find(role => role.accessKeyId === accessKeyId),
      afterEffect: request => this.lambda.crashesAfter(request),
    };
    this.lambda = new Lambda(this.clock, () => ({
      AWS_ENDPOINT_URL_CLOUDFRONT: this.cloudFront.endpoint,
      AWS_ENDPOINT_URL_CODEPIPELINE: this.codePipeline.endpoint,
    }));
    this.cloudFront = new CloudFront(surroundings, ACCOUNT);
    this.codePipeline = new CodePipeline(surroundings, this.lambda, ACCOUNT, REGION);
  }

  async stop(): Promise<void> {
    this.clock.stop();
    this.lambda.stop();
    await Promise.all([this.cloudFront.stop(), this.codePipeline.stop()]);
  }

  /** A role of its own, for a client that is no function. */
  addRole(name: string, statements: readonly Statement[]): Role {
    const role = new Role(name, `arn:aws:iam::${ACCOUNT}:role/${name}`, `ASIA${Buffer.from(name).toString('hex').toUpperCase()}`);
    role.statements.push(...statements);
    this.roles.set(name, role);
    return role;
  }

  role(name: string): Role {
    const role = this.roles.get(name);
    if (role === undefined) {
      throw new Error(`The sandbox has no role ${name}`);
    }
    return role;
  }

  /** Deploys a synthesised template: its distributions, functions, roles and the stages of its pipelines. */
  deploy(template: object, { stackName, assetsDirectory }: DeployOptions): DeployedStack {
    const deployed = new DeployedTemplate(template, { account: ACCOUNT, region: REGION, stackName, exports: this.exports });
    const resourcesOfType = (type: string) => deployed.resources.filter(resource => resource.type === type);

    for (const { physicalId } of resourcesOfType('AWS::CloudFront::Distribution')) {
      this.cloudFront.addDistribution({ id: physicalId });
    }
    for (const { physicalId } of resourcesOfType('AWS::CloudFront::DistributionTenant')) {
      this.cloudFront.addDistributionTenant({ id: physicalId });
    }
    for (const { physicalId, properties } of resourcesOfType('AWS::IAM::Role')) {
      const inline = (properties.Policies ?? []) as { PolicyDocument: { Statement: Statement[] } }[];
      this.addRole(physicalId, inline.flatMap(({ PolicyDocument }) => PolicyDocument.Statement));
    }
    for (const { properties } of [...resourcesOfType('AWS::IAM::Policy'), ...resourcesOfType('AWS::IAM::ManagedPolicy')]) {
      const { Roles = [], PolicyDocument } = properties as { Roles?: string[]; PolicyDocument: { Statement: Statement[] } };
      Roles.forEach(name => this.role(name).statements.push(...PolicyDocument.Statement));
    }
    for (const { physicalId, properties } of resourcesOfType('AWS::Lambda::Function')) {
      this.addFunction(physicalId, properties, assetsDirectory);
    }
    for (const { physicalId, properties } of resourcesOfType('AWS::CodePipeline::Pipeline')) {
      this.addPipeline(physicalId, properties);
    }
    return {
      outputs: deployed.outputs,
      resourcesOfType,
      physicalId: logicalId => String(deployed.resolve({ Ref: logicalId })),
    };
  }

  private addFunction(name: string, properties: Readonly<Record<string, unknown>>, assetsDirectory: string): void {
    const { S3Key } = properties.Code as { S3Key?: string };
    const code = join(assetsDirectory, `asset.${String(S3Key).replace(/\.zip$/, '')}`);
    if (S3Key === undefined || !existsSync(code)) {
      // A custom resource's function, say, with its code in the template: nothing that the sandbox runs.
      return;
    }
    this.lambda.addFunction({
      name,
      arn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`,
      code,
      handler: String(properties.Handler),
      runtime: String(properties.Runtime),
      timeout: Number(properties.Timeout ?? 3),
      memorySize: Number(properties.MemorySize ?? 128),
      environment: (isRecord(properties.Environment) ? properties.Environment.Variables : {}) as Record<string, string>,
      role: this.role(nameOf(String(properties.Role))),
    });
  }

  private addPipeline(name: string, { Stages, RoleArn }: Readonly<Record<string, unknown>>): void {
    for (const stage of Stages as { Name: string; Actions: Record<string, unknown>[] }[]) {
      const actions = stage.Actions.filter(({ ActionTypeId }) => isRecord(ActionTypeId) && ActionTypeId.Provider === 'Lambda');
      this.codePipeline.addStage(name, stage.Name, actions.map((action): ActionDefinition => {
        const { FunctionName, UserParameters } = action.Configuration as { FunctionName: string; UserParameters?: string };
        return {
          name: String(action.Name),
          runOrder: Number(action.RunOrder ?? 1),
          functionName: FunctionName,
          userParameters: UserParameters,
          namespace: action.Namespace === undefined ? undefined : String(action.Namespace),
          role: this.role(nameOf(String(action.RoleArn ?? RoleArn))),
        };
      }));
    }
  }
}

function nameOf(roleArn: string): string {
  return roleArn.slice(roleArn.lastIndexOf('/') + 1);
}
