import * as cdk from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { wildcardsOf } from './nag-findings';

/** A cdk-nag finding, and the reason why it is acceptable. */
export interface Finding {
  readonly id: string;
  readonly reason: string;
  /** The parts of a policy that the finding is about. */
  readonly appliesTo?: readonly (string | { readonly regex: string })[];
}

/** Newer CDK releases store acknowledgements here, and cdk-nag 3 reads them. CDK 2.236.0 has no such API. */
const { Validations } = cdk as { readonly Validations?: { readonly ACKNOWLEDGED_RULES_METADATA_KEY?: string } };

/** Acknowledges a finding for cdk-nag 2 and for cdk-nag 3. */
export function acknowledge(construct: IConstruct | undefined, finding: Finding): void {
  const resource = resourceOf(construct);
  if (resource !== undefined && suppress(resource, finding)) {
    acknowledgeByName(resource, finding);
  }
}

/** An imported construct belongs to somebody else and has no resource. */
function resourceOf(construct: IConstruct | undefined): cdk.CfnResource | undefined {
  const resource = construct?.node.defaultChild;
  return cdk.CfnResource.isCfnResource(resource) ? resource : undefined;
}

/**
 * For cdk-nag 2, which reads the template's metadata.
 *
 * @returns whether the finding is new, that is, not acknowledged before
 * @see https://github.com/cdklabs/cdk-nag/blob/v2-main/README.md#suppressing-a-rule
 */
function suppress(resource: cdk.CfnResource, { id, reason, appliesTo }: Finding): boolean {
  const { rules_to_suppress: rules = [] } = (resource.getMetadata('cdk_nag') ?? {}) as { rules_to_suppress?: { id: string; reason: string }[] };
  const isNew = rules.every(rule => rule.id !== id || rule.reason !== reason);
  if (isNew) {
    resource.addMetadata('cdk_nag', { rules_to_suppress: [...rules, { id, reason, ...(appliesTo && { applies_to: appliesTo }) }] });
  }
  return isNew;
}

/**
 * For cdk-nag 3, which does not support patterns. What a pattern matches is known only when all logical IDs are.
 *
 * This does not use `Validations.acknowledge()`, and the name has no pack prefix. Before CDK 2.269, acknowledge() throws for a name that
 * contains `::`. Before 2.271, CDK applies an acknowledgement with a pack prefix to the whole app, which would also hide findings about the
 * user's own policies. cdk-nag itself checks a resource and its parents, with every CDK release.
 *
 * @see https://github.com/aws/aws-cdk/issues/38495
 * @see https://github.com/cdklabs/cdk-nag/issues/2359
 */
function acknowledgeByName(resource: cdk.CfnResource, { id, reason, appliesTo }: Finding): void {
  const key = Validations?.ACKNOWLEDGED_RULES_METADATA_KEY;
  if (key === undefined) {
    return;
  }
  const record = (name: string) => resource.node.addMetadata(key, { [name]: reason });
  if (appliesTo === undefined) {
    record(id);
  }
  for (const part of appliesTo ?? []) {
    if (typeof part === 'string') {
      record(`${id}[${part}]`);
    } else if (resource instanceof iam.CfnPolicy) {
      const pattern = new RegExp(part.regex.slice(1, -1));
      resource.node.addValidation({
        validate: () => {
          wildcardsOf(resource).filter(name => pattern.test(name)).forEach(name => record(`${id}[${name}]`));
          return [];
        },
      });
    }
  }
}

/** Acknowledges a finding about a role's default policy. */
export function acknowledgePolicy(role: iam.IRole, finding: Finding): void {
  acknowledge(role.node.tryFindChild('DefaultPolicy'), finding);
}

/** The cdk-nag packs that contain each rule. */
const PACKS = {
  CloudWatchLogGroupEncrypted: ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'],
  IAMNoInlinePolicy: ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'],
  LambdaConcurrency: ['HIPAA.Security', 'NIST.800.53.R5'],
  LambdaDLQ: ['HIPAA.Security', 'NIST.800.53.R5', 'Serverless'],
  LambdaInsideVPC: ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'],
  LambdaTracing: ['Serverless'],
};

/** The findings of all packs that contain the rule. */
function inAll(rule: keyof typeof PACKS, reason: string): Finding[] {
  return PACKS[rule].map(pack => ({ id: `${pack}-${rule}`, reason }));
}

/**
 * Tells cdk-nag 2 which properties answer rules that are the user's decision.
 *
 * cdk-nag 3 asks the user: an acknowledgement here would be invisible, because its reports do not list acknowledged findings.
 */
export function suppressDecisions(lambdaFunction: IConstruct, logGroup: IConstruct | undefined): void {
  const suppressInAll = (construct: IConstruct | undefined, rule: keyof typeof PACKS, reason: string) => {
    const resource = resourceOf(construct);
    inAll(rule, reason).forEach(finding => resource && suppress(resource, finding));
  };
  suppressInAll(lambdaFunction, 'LambdaConcurrency', 'Deployments must not wait for each other; set reservedConcurrentExecutions to limit them');
  suppressInAll(lambdaFunction, 'LambdaDLQ', 'CodePipeline fails an action without an answer, and is retried there; set deadLetterQueue to keep events');
  suppressInAll(lambdaFunction, 'LambdaInsideVPC', 'It calls APIs of AWS, and nothing of a network of yours; set vpc to have it call them from there');
  suppressInAll(lambdaFunction, 'LambdaTracing', 'Its log shows every step; set tracing to have it in X-Ray, too');
  suppressInAll(logGroup, 'CloudWatchLogGroupEncrypted', 'CloudWatch Logs encrypts it, and no secret is in it; set logGroup to one with a key of yours');
}

/** Acknowledges that a policy is inline. */
export function acknowledgeInline(policy: IConstruct | undefined): void {
  inAll('IAMNoInlinePolicy', 'The policy is for this role alone, and goes with it').forEach(finding => acknowledge(policy, finding));
}

export function acknowledgeInlinePolicy(role: iam.IRole): void {
  acknowledgeInline(role.node.tryFindChild('DefaultPolicy'));
}
