import { CfnResource } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';

/** What cdk-nag finds, and why it is right as it is. */
interface Finding {
  readonly id: string;
  readonly reason: string;
  readonly appliesTo: readonly (string | { readonly regex: string })[];
}

/**
 * Answers a finding of cdk-nag about a role's policy with the reason for it, in the metadata that cdk-nag reads.
 *
 * @see https://github.com/cdklabs/cdk-nag#suppressing-a-rule
 */
export function acknowledge(role: iam.IRole, { id, reason, appliesTo }: Finding): void {
  const policy = role.node.tryFindChild('DefaultPolicy')?.node.defaultChild;
  if (!CfnResource.isCfnResource(policy)) {
    // The policies of an imported role are somebody else's.
    return;
  }
  const { rules_to_suppress: rules = [] } = (policy.getMetadata('cdk_nag') ?? {}) as { rules_to_suppress?: { reason: string }[] };
  if (rules.every(rule => rule.reason !== reason)) {
    policy.addMetadata('cdk_nag', { rules_to_suppress: [...rules, { id, reason, applies_to: appliesTo }] });
  }
}
