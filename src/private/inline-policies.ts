import { CfnResource, Stack } from 'aws-cdk-lib';
import { CfnPolicy } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { quote } from '../contract';
import { withoutIntrinsics } from './resolved-text';

/**
 * The maximum length of all inline policies of a role together.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const MAX_INLINE_LENGTH = 10_240;

/** About how long a value is that CloudFormation inserts. Most are IDs of distributions, with 13 or 14 characters. */
const LENGTHS: Readonly<Record<string, number>> = { 'AWS::AccountId': 12, 'AWS::Partition': 3, 'AWS::Region': 9 };
const OTHER_LENGTH = 13;

/**
 * What is wrong with the length of the policies of a function's role, when the app is complete. CDK splits the default policy of a role, but
 * sees neither policies in other stacks nor those of an imported role.
 *
 * @param owners the constructs that contain the policies
 */
export function inlinePolicyProblems(invalidationFunction: IConstruct, owners: readonly IConstruct[]): string[] {
  const policies = owners.flatMap(({ node }) => node.findAll()).filter(CfnResource.isCfnResource)
    .filter((resource): resource is CfnPolicy => resource.cfnResourceType === CfnPolicy.CFN_RESOURCE_TYPE_NAME);
  const length = policies.map(lengthOf).reduce((sum, each) => sum + each, 0);
  return length <= MAX_INLINE_LENGTH ? [] : [
    `function must serve only as many distributions as fit into the inline policies of its role, which have at most ${MAX_INLINE_LENGTH} characters together, ` +
      `got about ${length} in ${policies.map(({ node }) => quote(node.path)).join(', ')}, the role of ${quote(invalidationFunction.node.path)}. ` +
      'Leave function and its role out, so that each stack has its own function, or create several CloudFrontInvalidationFunctions.',
  ];
}

/** IAM does not count whitespace. */
function lengthOf(policy: CfnPolicy): number {
  const document = withoutIntrinsics(Stack.of(policy).resolve(policy.policyDocument), ({ Ref: name }) => '?'.repeat(LENGTHS[String(name)] ?? OTHER_LENGTH));
  return JSON.stringify(document).length;
}
