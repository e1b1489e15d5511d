import { createHash, randomInt } from 'crypto';
import { isRecord } from './model';

/** A resource of a deployed template, with all its references resolved. */
export interface DeployedResource {
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Where a template is deployed. */
export interface Environment {
  readonly account: string;
  readonly region: string;
  readonly stackName: string;
  /** The exports of all stacks. */
  readonly exports: Map<string, string>;
  /** Where a distribution serves visitors. @default - as on AWS, at a name that nobody resolves */
  readonly domainName?: string;
}

type Mappings = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

/** A synthesised CloudFormation template, with the physical ids and the values that a deployment would give it. */
export class DeployedTemplate {
  readonly resources: readonly DeployedResource[];
  readonly outputs: Readonly<Record<string, string>>;

  private readonly definitions: Readonly<Record<string, Record<string, unknown>>>;
  private readonly physicalIds = new Map<string, string>();
  private readonly conditions: Readonly<Record<string, unknown>>;
  private readonly parameters: Readonly<Record<string, unknown>>;
  private readonly mappings: Mappings;

  constructor(template: object, private readonly environment: Environment) {
    const { Mappings = {}, ...sections } = template as { readonly Mappings?: Mappings };
    const { Resources = {}, Outputs = {}, Conditions = {}, Parameters = {} } = sections as Record<string, Record<string, Record<string, unknown>>>;
    this.mappings = Mappings;
    this.conditions = Conditions;
    this.parameters = Object.fromEntries(Object.entries(Parameters).map(([name, { Type, Default = '' }]) =>
      [name, Type === 'CommaDelimitedList' ? String(Default).split(',').map(item => item.trim()) : Default]));
    this.definitions = Object.fromEntries(Object.entries(Resources)
      .filter(([, { Condition }]) => Condition === undefined || this.condition(String(Condition))));
    for (const [logicalId, { Type }] of Object.entries(this.definitions)) {
      this.physicalIds.set(logicalId, this.physicalIdFor(logicalId, String(Type)));
    }
    this.resources = Object.entries(this.definitions).map(([logicalId, { Type, Properties }]) => ({
      logicalId,
      type: String(Type),
      physicalId: this.physicalIds.get(logicalId)!,
      properties: (this.resolve(Properties) ?? {}) as Record<string, unknown>,
    }));
    this.outputs = Object.fromEntries(Object.entries(Outputs).map(([name, { Value, Export }]) => {
      const value = String(this.resolve(Value));
      if (isRecord(Export)) {
        environment.exports.set(String(this.resolve(Export.Name)), value);
      }
      return [name, value];
    }));
  }

  resolve(value: unknown): unknown {
    if (Array.isArray(value)) {
      return value.map(item => this.resolve(item)).filter(item => item !== undefined);
    }
    if (!isRecord(value)) {
      return value;
    }
    const [[name, argument] = []] = Object.entries(value);
    if (Object.keys(value).length === 1 && name !== undefined && (name === 'Ref' || name.startsWith('Fn::'))) {
      return this.intrinsic(name, argument);
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.resolve(item)]).filter(([, item]) => item !== undefined));
  }

  private intrinsic(name: string, argument: unknown): unknown {
    const list = () => (argument as unknown[]).map(item => this.resolve(item));
    switch (name) {
      case 'Ref':
        return this.reference(String(argument));
      case 'Fn::GetAtt': {
        const [logicalId, attribute] = typeof argument === 'string' ? argument.split(/\.(.*)/) : argument as string[];
        return this.attribute(logicalId, attribute);
      }
      case 'Fn::Join': {
        const [separator, items] = list() as [string, unknown[]];
        return items.map(String).join(separator);
      }
      case 'Fn::Sub': {
        const [text, values] = typeof argument === 'string' ? [argument, {}] : argument as [string, Record<string, unknown>];
        return text.replace(/\$\{(!?)([^}]*)\}/g, (_, literal: string, reference: string) => literal === '!' ? `\${${reference}}` : String(
          Object.hasOwn(values, reference) ? this.resolve(values[reference])
            : reference.includes('.') ? this.intrinsic('Fn::GetAtt', reference) : this.reference(reference)));
      }
      case 'Fn::Select': {
        const [index, items] = list() as [number, unknown[]];
        return items[Number(index)];
      }
      case 'Fn::Split': {
        const [separator, text] = list() as [string, string];
        return text.split(separator);
      }
      case 'Fn::ImportValue': {
        const exported = String(this.resolve(argument));
        const value = this.environment.exports.get(exported);
        if (value === undefined) {
          throw new Error(`No stack of the sandbox exports ${exported}: deploy that one first`);
        }
        return value;
      }
      case 'Fn::If': {
        const [condition, yes, no] = argument as [string, unknown, unknown];
        return this.resolve(this.condition(condition) ? yes : no);
      }
      case 'Fn::Equals': {
        const [left, right] = list();
        return left === right;
      }
      case 'Fn::And':
        return list().every(Boolean);
      case 'Fn::Or':
        return list().some(Boolean);
      case 'Fn::Not':
        return !list()[0];
      case 'Fn::FindInMap': {
        const [map, top, second] = list().map(String);
        const value = this.mappings[map]?.[top]?.[second];
        if (value === undefined) {
          throw new Error(`The template of ${this.environment.stackName} has no ${second} of ${top} in its mapping ${map}`);
        }
        return value;
      }
      case 'Fn::Base64':
        return Buffer.from(String(this.resolve(argument))).toString('base64');
      case 'Fn::GetAZs':
        return ['a', 'b'].map(zone => `${this.environment.region}${zone}`);
      default:
        throw new Error(`The sandbox does not know ${name}`);
    }
  }

  private condition(name: string): boolean {
    return Boolean(this.resolveCondition(this.conditions[name]));
  }

  private resolveCondition(value: unknown): unknown {
    return isRecord(value) && typeof value.Condition === 'string' ? this.condition(value.Condition) : this.resolve(value);
  }

  private reference(name: string): unknown {
    const { account, region, stackName } = this.environment;
    const pseudo: Readonly<Record<string, unknown>> = {
      'AWS::AccountId': account,
      'AWS::Region': region,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': stackName,
      'AWS::StackId': `arn:aws:cloudformation:${region}:${account}:stack/${stackName}/00000000-0000-0000-0000-000000000000`,
      'AWS::NoValue': undefined,
      'AWS::NotificationARNs': [],
    };
    if (Object.hasOwn(pseudo, name)) {
      return pseudo[name];
    }
    const value = this.physicalIds.get(name) ?? this.parameters[name];
    if (value === undefined) {
      throw new Error(`The template of ${stackName} refers to ${name}, which it does not define`);
    }
    return value;
  }

  private attribute(logicalId: string, attribute: string): string {
    const { account, region } = this.environment;
    const type = String(this.definitions[logicalId]?.Type);
    const physicalId = String(this.reference(logicalId));
    switch (`${type}.${attribute}`) {
      case 'AWS::IAM::Role.Arn':
        return `arn:aws:iam::${account}:role${String(this.resolve(this.propertiesOf(logicalId).Path) ?? '/')}${physicalId}`;
      case 'AWS::S3::Bucket.Arn':
        return `arn:aws:s3:::${physicalId}`;
      case 'AWS::KMS::Key.Arn':
        return `arn:aws:kms:${region}:${account}:key/${physicalId}`;
      case 'AWS::Lambda::Function.Arn':
        return `arn:aws:lambda:${region}:${account}:function:${physicalId}`;
      case 'AWS::Logs::LogGroup.Arn':
        return `arn:aws:logs:${region}:${account}:log-group:${physicalId}:*`;
      case 'AWS::CloudFront::Distribution.Id':
      case 'AWS::CloudFront::DistributionTenant.Id':
        return physicalId;
      case 'AWS::CloudFront::Distribution.DomainName':
        return this.environment.domainName ?? `${physicalId.toLowerCase()}.cloudfront.net`;
      default: {
        const service = type.split('::')[1].toLowerCase();
        return attribute.endsWith('Arn') ? `arn:aws:${service}:${region}:${account}:${physicalId}` : `${physicalId}.${attribute}`;
      }
    }
  }

  private propertiesOf(logicalId: string): Readonly<Record<string, unknown>> {
    const properties = this.definitions[logicalId]?.Properties;
    return isRecord(properties) ? properties : {};
  }

  private physicalIdFor(logicalId: string, type: string): string {
    const { account, stackName } = this.environment;
    const properties = this.propertiesOf(logicalId);
    const names: Readonly<Record<string, string>> = {
      'AWS::IAM::Role': 'RoleName',
      'AWS::Lambda::Function': 'FunctionName',
      'AWS::CodePipeline::Pipeline': 'Name',
      'AWS::Logs::LogGroup': 'LogGroupName',
      'AWS::S3::Bucket': 'BucketName',
    };
    const given = properties[names[type]];
    if (typeof given === 'string') {
      return given;
    }
    const prefix = ({ 'AWS::CloudFront::Distribution': 'E', 'AWS::CloudFront::DistributionTenant': 'dt_' } as Record<string, string | undefined>)[type];
    if (prefix !== undefined) {
      return prefix + Array.from({ length: 13 }, () => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'[randomInt(36)]).join('');
    }
    const name = shortened(`${stackName}-${logicalId}`);
    if (type === 'AWS::IAM::ManagedPolicy') {
      return `arn:aws:iam::${account}:policy/${String(properties.ManagedPolicyName ?? name)}`;
    }
    return type === 'AWS::S3::Bucket' ? name.toLowerCase() : name;
  }
}

/** Names have 64 characters at most; two long ones that begin alike must not become one. */
function shortened(name: string): string {
  return name.length <= 64 ? name : `${name.slice(0, 51)}-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}
