import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import type { Certificate } from './certificate';
import { Clock } from './clock';
import { CloudFront } from './cloudfront';
import { CodePipeline, type ActionDefinition } from './codepipeline';
import { Faults } from './faults';
import { Role, type Statement, type TrustStatement } from './iam';
import { Lambda } from './lambda';
import { isRecord } from './model';
import { S3 } from './s3';
import type { ApiRequest, Surroundings } from './service';
import { Sts } from './sts';
import { DeployedTemplate, type DeployedResource } from './template';

const ACCOUNT = '123456789012';
const REGION = 'eu-west-1';

export interface SandboxOptions {
  /** How much faster than ours the sandbox's time runs. @default 1 */
  readonly timeScale?: number;
  /** What the functions are to call instead of the sandbox's services, such as another's implementation of them. @default - none */
  readonly endpoints?: Partial<Readonly<Record<'cloudfront' | 'codepipeline' | 's3' | 'sts', string>>>;
  /** The file that Node.js runs in a function's process, in place of the sandbox's. @default - what SANDBOX_LAMBDA_CLIENT names, if anything */
  readonly lambdaClient?: string;
}

export interface DeployOptions {
  readonly stackName: string;
  /** The cloud assembly, with the folders of the functions' code. */
  readonly assetsDirectory: string;
  /** The account to deploy to. @default '123456789012' */
  readonly account?: string;
  /** Where a distribution serves visitors, such as `127.0.0.1:8443`. @default - as on AWS, at a name that nobody resolves */
  readonly domainName?: string;
  /** Exports of stacks that are not deployed here. */
  readonly exports?: Readonly<Record<string, string>>;
}

interface PolicyDocument {
  readonly Statement: readonly Statement[];
}

interface RoleProperties {
  readonly Policies?: readonly { readonly PolicyDocument: PolicyDocument }[];
  readonly ManagedPolicyArns?: readonly string[];
  readonly AssumeRolePolicyDocument?: { readonly Statement: readonly TrustStatement[] };
}

/** A stack, as it stands in the sandbox. */
export interface DeployedStack {
  readonly outputs: Readonly<Record<string, string>>;
  physicalId(logicalId: string): string;
  resourcesOfType(type: string): DeployedResource[];
}

/** AWS on loopback: CloudFront, CodePipeline, S3, STS and Lambda, as far as an invalidation needs them. */
export class Sandbox {
  static async start(options: SandboxOptions = {}): Promise<Sandbox> {
    const sandbox = new Sandbox(options);
    await Promise.all([sandbox.cloudFront, sandbox.codePipeline, sandbox.s3, sandbox.sts].map(service => service.start()));
    return sandbox;
  }

  readonly clock: Clock;
  readonly faults = new Faults();
  /** Every API request, in the order of arrival. */
  readonly requests: ApiRequest[] = [];
  readonly lambda: Lambda;
  readonly cloudFront: CloudFront;
  readonly codePipeline: CodePipeline;
  readonly s3: S3;
  readonly sts: Sts;

  /** Of what functions are to trust besides the authorities that Node.js knows. */
  private trustedCertificates: string | undefined;
  /** By ARN. */
  private readonly roles = new Map<string, Role>();
  /** The statements of the managed policies, by ARN. */
  private readonly managedPolicies = new Map<string, readonly Statement[]>();
  private readonly exports = new Map<string, string>();

  private constructor({ timeScale, endpoints = {}, lambdaClient }: SandboxOptions) {
    this.clock = new Clock(timeScale);
    const surroundings: Surroundings = {
      clock: this.clock,
      faults: this.faults,
      requests: this.requests,
      callerOf: (accessKeyId, sessionToken) => {
        const role = [...this.roles.values()].find(candidate => candidate.accessKeyId === accessKeyId);
        return role === undefined
          ? this.sts.callerOf(accessKeyId, sessionToken)
          : { role, session: this.lambda.functionOf(sessionToken) ?? 'session' };
      },
      afterEffect: (request, sessionToken) => this.lambda.crashesAfter(request, this.sts.originOf(sessionToken)),
    };
    this.lambda = new Lambda(this.clock, () => ({
      AWS_ENDPOINT_URL_CLOUDFRONT: endpoints.cloudfront ?? this.cloudFront.endpoint,
      AWS_ENDPOINT_URL_CODEPIPELINE: endpoints.codepipeline ?? this.codePipeline.endpoint,
      AWS_ENDPOINT_URL_S3: endpoints.s3 ?? this.s3.endpoint,
      AWS_ENDPOINT_URL_STS: endpoints.sts ?? this.sts.endpoint,
      ...this.trustedCertificates !== undefined && { NODE_EXTRA_CA_CERTS: this.trustedCertificates },
    }), lambdaClient);
    this.cloudFront = new CloudFront(surroundings, ACCOUNT, REGION);
    this.codePipeline = new CodePipeline(surroundings, this.lambda, arn => this.roleAt(arn), ACCOUNT, REGION);
    this.s3 = new S3(surroundings, REGION);
    this.sts = new Sts(surroundings, arn => this.roles.get(arn), REGION);
  }

  async stop(): Promise<void> {
    this.clock.stop();
    await Promise.all([this.lambda, this.cloudFront, this.codePipeline, this.s3, this.sts].map(part => part.stop()));
    if (this.trustedCertificates !== undefined) {
      rmSync(dirname(this.trustedCertificates), { recursive: true, force: true });
    }
  }

  /** Lets functions that are started later trust a certificate, such as that of an edge. */
  trust({ cert }: Certificate): void {
    this.trustedCertificates ??= join(mkdtempSync(join(tmpdir(), 'sandbox-')), 'trusted.pem');
    appendFileSync(this.trustedCertificates, cert);
  }

  /** A role of its own, for a client that is no function. */
  addRole(name: string, statements: readonly Statement[]): Role {
    return this.addRoleAt(`arn:aws:iam::${ACCOUNT}:role/${name}`, statements);
  }

  role(name: string): Role {
    const role = [...this.roles.values()].find(candidate => candidate.name === name);
    if (role === undefined) {
      throw new Error(`The sandbox has no role ${name}`);
    }
    return role;
  }

  /** Deploys a synthesised template: its distributions, functions, roles and the stages of its pipelines. */
  deploy(template: object, { stackName, assetsDirectory, account = ACCOUNT, exports = {}, domainName }: DeployOptions): DeployedStack {
    Object.entries(exports).forEach(([name, value]) => this.exports.set(name, value));
    const deployed = new DeployedTemplate(template, { account, region: REGION, stackName, exports: this.exports, domainName });
    const resourcesOfType = (type: string) => deployed.resources.filter(resource => resource.type === type);

    for (const { physicalId } of resourcesOfType('AWS::CloudFront::Distribution')) {
      this.cloudFront.addDistribution({ id: physicalId, account });
    }
    for (const { physicalId } of resourcesOfType('AWS::CloudFront::DistributionTenant')) {
      this.cloudFront.addDistributionTenant({ id: physicalId, account });
    }
    this.addRoles(account, resourcesOfType, logicalId => String(deployed.resolve({ 'Fn::GetAtt': [logicalId, 'Arn'] })));
    for (const { physicalId, properties } of resourcesOfType('AWS::Lambda::Function')) {
      this.addFunction(`arn:aws:lambda:${REGION}:${account}:function:${physicalId}`, properties, assetsDirectory);
    }
    for (const { properties: { FunctionName, Action, Principal, ...condition } } of resourcesOfType('AWS::Lambda::Permission')) {
      this.lambda.addPermission(String(FunctionName), {
        action: String(Action), principal: String(Principal), onBehalfOnly: Object.keys(condition).length > 0,
      });
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

  private addRoles(account: string, resourcesOfType: DeployedStack['resourcesOfType'], arnOf: (logicalId: string) => string): void {
    for (const { physicalId, properties } of resourcesOfType('AWS::IAM::ManagedPolicy')) {
      this.managedPolicies.set(physicalId, (properties.PolicyDocument as PolicyDocument).Statement);
    }
    for (const { logicalId, properties } of resourcesOfType('AWS::IAM::Role')) {
      const { Policies = [], ManagedPolicyArns = [], AssumeRolePolicyDocument } = properties as RoleProperties;
      const role = this.addRoleAt(arnOf(logicalId), [
        ...Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement),
        // AWS's own policies are about logs and the like, which the sandbox has not.
        ...ManagedPolicyArns.flatMap(arn => this.managedPolicies.get(arn) ?? []),
      ]);
      role.trust.push(...AssumeRolePolicyDocument?.Statement ?? []);
    }
    for (const { properties } of [...resourcesOfType('AWS::IAM::Policy'), ...resourcesOfType('AWS::IAM::ManagedPolicy')]) {
      const { Roles = [], PolicyDocument } = properties as { Roles?: string[]; PolicyDocument: PolicyDocument };
      Roles.forEach(name => this.roleNamed(name, account).statements.push(...PolicyDocument.Statement));
    }
  }

  private addRoleAt(arn: string, statements: readonly Statement[]): Role {
    // A role that is deployed again keeps its key: functions that run may still use it.
    const accessKeyId = this.roles.get(arn)?.accessKeyId ?? `ASIA${String(this.roles.size + 1).padStart(16, '0')}`;
    const role = new Role(roleNameOf(arn), arn, accessKeyId);
    role.statements.push(...statements);
    this.roles.set(arn, role);
    return role;
  }

  /** The role of an ARN; one without permissions where no template and no test brought it. */
  private roleAt(arn: string): Role {
    return this.roles.get(arn) ?? this.addRoleAt(arn, []);
  }

  private roleNamed(name: string, account: string): Role {
    return [...this.roles.values()].find(role => role.name === name && role.account === account) ?? this.addRoleAt(`arn:aws:iam::${account}:role/${name}`, []);
  }

  private addFunction(arn: string, properties: Readonly<Record<string, unknown>>, assetsDirectory: string): void {
    const { S3Key } = properties.Code as { S3Key?: string };
    const code = join(assetsDirectory, `asset.${String(S3Key).replace(/\.zip$/, '')}`);
    if (S3Key === undefined || !existsSync(code)) {
      // A custom resource's function, say, with its code in the template: nothing that the sandbox runs.
      return;
    }
    this.lambda.addFunction({
      name: arn.slice(arn.lastIndexOf(':') + 1),
      arn,
      code,
      handler: String(properties.Handler),
      runtime: String(properties.Runtime),
      timeout: Number(properties.Timeout ?? 3),
      memorySize: Number(properties.MemorySize ?? 128),
      logFormat: isRecord(properties.LoggingConfig) && properties.LoggingConfig.LogFormat === 'JSON' ? 'JSON' : undefined,
      environment: (isRecord(properties.Environment) ? properties.Environment.Variables : {}) as Record<string, string>,
      role: this.roleAt(String(properties.Role)),
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
          inputArtifacts: ((action.InputArtifacts ?? []) as { Name: string }[]).map(artifact => artifact.Name),
          namespace: action.Namespace === undefined ? undefined : String(action.Namespace),
          role: this.roleAt(String(action.RoleArn ?? RoleArn)),
        };
      }));
    }
  }
}

function roleNameOf(roleArn: string): string {
  return roleArn.slice(roleArn.lastIndexOf('/') + 1);
}
