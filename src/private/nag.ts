import { CfnResource } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** What cdk-nag finds, and why it is right as it is. */
export interface Finding {
  readonly id: string;
  readonly reason: string;
  /** Which of a policy's parts. */
  readonly appliesTo?: readonly (string | { readonly regex: string })[];
}

/**
 * Answers a finding of cdk-nag with the reason for it, in the metadata that cdk-nag reads.
 *
 * @see https://github.com/cdklabs/cdk-nag#suppressing-a-rule
 */
export function acknowledge(construct: IConstruct | undefined, { id, reason, appliesTo }: Finding): void {
  const resource = construct?.node.defaultChild;
  if (!CfnResource.isCfnResource(resource)) {
    // What is imported is somebody else's.
    return;
  }
  const { rules_to_suppress: rules = [] } = (resource.getMetadata('cdk_nag') ?? {}) as { rules_to_suppress?: { id: string; reason: string }[] };
  if (rules.every(rule => rule.id !== id || rule.reason !== reason)) {
    resource.addMetadata('cdk_nag', { rules_to_suppress: [...rules, { id, reason, ...(appliesTo && { applies_to: appliesTo }) }] });
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

/** Answers the finding of every pack that has the rule. */
function acknowledgeInAll(construct: IConstruct | undefined, rule: keyof typeof PACKS, reason: string): void {
  PACKS[rule].forEach(pack => acknowledge(construct, { id: `${pack}-${rule}`, reason }));
}

/** What somebody may want of a function and its log, and has a property to ask for. */
export function acknowledgeDefaults(lambdaFunction: IConstruct, logGroup: IConstruct): void {
  acknowledgeInAll(lambdaFunction, 'LambdaConcurrency', 'Deployments must not wait for each other; set reservedConcurrentExecutions to limit them');
  acknowledgeInAll(lambdaFunction, 'LambdaDLQ', 'CodePipeline fails an action without an answer, and is retried there; set deadLetterQueue to keep events');
  acknowledgeInAll(lambdaFunction, 'LambdaInsideVPC', 'It calls APIs of AWS, and nothing of a network of yours; set vpc to have it call them from there');
  acknowledgeInAll(lambdaFunction, 'LambdaTracing', 'Its log tells every step; set tracing to have it in X-Ray, too');
  acknowledgeInAll(logGroup, 'CloudWatchLogGroupEncrypted', 'CloudWatch Logs encrypts it, and no secret is in it; set logGroup to one with a key of yours');
}

/** Answers the finding that a policy stands in its role. */
export function acknowledgeInline(policy: IConstruct | undefined): void {
  acknowledgeInAll(policy, 'IAMNoInlinePolicy', 'The policy is for this role alone, and goes with it');
}

export function acknowledgeInlinePolicy(role: iam.IRole): void {
  acknowledgeInline(role.node.tryFindChild('DefaultPolicy'));
}
