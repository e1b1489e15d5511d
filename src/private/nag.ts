import * as cdk from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { wildcardsOf } from './nag-findings';

/** What cdk-nag finds, and why it is right as it is. */
export interface Finding {
  readonly id: string;
  readonly reason: string;
  /** Which of a policy's parts. */
  readonly appliesTo?: readonly (string | { readonly regex: string })[];
}

/** Where newer releases of CDK keep what is acknowledged, and cdk-nag 3 looks for it. CDK 2.236.0 has no such place. */
const { Validations } = cdk as { readonly Validations?: { readonly ACKNOWLEDGED_RULES_METADATA_KEY?: string } };

/** Answers a finding with the reason for it: to cdk-nag 2 and to cdk-nag 3. */
export function acknowledge(construct: IConstruct | undefined, finding: Finding): void {
  const resource = resourceOf(construct);
  if (resource !== undefined && suppress(resource, finding)) {
    acknowledgeByName(resource, finding);
  }
}

/** What is imported is somebody else's, and has no resource. */
function resourceOf(construct: IConstruct | undefined): cdk.CfnResource | undefined {
  const resource = construct?.node.defaultChild;
  return cdk.CfnResource.isCfnResource(resource) ? resource : undefined;
}

/**
 * For cdk-nag 2, which reads the metadata of the template.
 *
 * @returns whether it was not answered yet
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
 * For cdk-nag 3, which knows no patterns: what a pattern matches has a name only once everything has its logical id.
 *
 * Not with `Validations.acknowledge()`, and without the name of the pack in front. Before CDK 2.269, acknowledge() throws for a name with `::`
 * in it. Before 2.271, CDK takes what one construct acknowledges, with the name of the pack, for acknowledged in all of the app: the findings
 * about the user's own policies would be gone, too. cdk-nag itself looks at a resource and what is above it, with every release of CDK.
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

/** Answers a finding about a role's own policy. */
export function acknowledgePolicy(role: iam.IRole, finding: Finding): void {
  acknowledge(role.node.tryFindChild('DefaultPolicy'), finding);
}

/** Of cdk-nag's packs, those that have a rule of that name. */
const PACKS = {
  CloudWatchLogGroupEncrypted: ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'],
  IAMNoInlinePolicy: ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'],
  LambdaConcurrency: ['HIPAA.Security', 'NIST.800.53.R5'],
  LambdaDLQ: ['HIPAA.Security', 'NIST.800.53.R5', 'Serverless'],
  LambdaInsideVPC: ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'],
  LambdaTracing: ['Serverless'],
};

/** The finding of every pack that has the rule. */
function inAll(rule: keyof typeof PACKS, reason: string): Finding[] {
  return PACKS[rule].map(pack => ({ id: `${pack}-${rule}`, reason }));
}

/**
 * Tells cdk-nag 2 of the properties for what somebody may want of a function and its log.
 *
 * cdk-nag 3 asks the user: what it is told here would be out of sight, since no report of it names what was acknowledged.
 */
export function suppressDecisions(lambdaFunction: IConstruct, logGroup: IConstruct | undefined): void {
  const suppressInAll = (construct: IConstruct | undefined, rule: keyof typeof PACKS, reason: string) => {
    const resource = resourceOf(construct);
    inAll(rule, reason).forEach(finding => resource && suppress(resource, finding));
  };
  suppressInAll(lambdaFunction, 'LambdaConcurrency', 'Deployments must not wait for each other; set reservedConcurrentExecutions to limit them');
  suppressInAll(lambdaFunction, 'LambdaDLQ', 'CodePipeline fails an action without an answer, and is retried there; set deadLetterQueue to keep events');
  suppressInAll(lambdaFunction, 'LambdaInsideVPC', 'It calls APIs of AWS, and nothing of a network of yours; set vpc to have it call them from there');
  suppressInAll(lambdaFunction, 'LambdaTracing', 'Its log tells every step; set tracing to have it in X-Ray, too');
  suppressInAll(logGroup, 'CloudWatchLogGroupEncrypted', 'CloudWatch Logs encrypts it, and no secret is in it; set logGroup to one with a key of yours');
}

/** Answers the finding that a policy stands in its role. */
export function acknowledgeInline(policy: IConstruct | undefined): void {
  inAll('IAMNoInlinePolicy', 'The policy is for this role alone, and goes with it').forEach(finding => acknowledge(policy, finding));
}

export function acknowledgeInlinePolicy(role: iam.IRole): void {
  acknowledgeInline(role.node.tryFindChild('DefaultPolicy'));
}
