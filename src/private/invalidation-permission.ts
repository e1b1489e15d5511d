import { ArnFormat, Lazy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { RolePolicy } from './role-policy';
import type { TargetResource } from './target-resource';
import { holdsVariable } from './variables';

/**
 * How many targets one policy lists. With this many tenants, whose ARNs are the longest, a managed policy has 4,600 of its 6,144
 * characters. The inline policies of a role have 10,240 together, and other permissions need a part of them.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const TARGETS_PER_POLICY = 50;

/** What a role may invalidate: a statement for each kind of target, and further ones where a policy is full. */
export class InvalidationPermission {
  private readonly names: Readonly<Record<TargetResource['resource'], Set<string>[]>> = { 'distribution': [], 'distribution-tenant': [] };

  /** @param scope a construct in the targets' account and partition */
  constructor(private readonly scope: Construct, private readonly policy: RolePolicy) {}

  add({ resource, id }: TargetResource): void {
    const name = holdsVariable(id) ? '*' : id;
    const lists = this.names[resource];
    if (lists.some(names => names.has(name))) {
      return;
    }
    if (lists.length === 0) {
      this.policy.add(this.statementFor(resource));
    } else if (lists[lists.length - 1].size >= TARGETS_PER_POLICY && name !== '*') {
      this.policy.addSeparately(this.statementFor(resource));
    }
    // The policy that has the wildcard is the one whose finding is acknowledged.
    (name === '*' ? lists[0] : lists[lists.length - 1]).add(name);
    if (name === '*') {
      this.policy.acknowledge({
        id: 'AwsSolutions-IAM5',
        appliesTo: [{ regex: `/^Resource::arn:.*:${resource}\\/\\*$/` }],
        reason: `Which ${resource} of the account a pipeline variable will name is known only when the pipeline runs; distributionRole narrows it`,
      });
    }
  }

  /** A statement that grows with the targets, until another one is begun. */
  private statementFor(resource: TargetResource['resource']): iam.PolicyStatement {
    const names = new Set<string>();
    this.names[resource].push(names);
    const suffix = resource === 'distribution' ? '' : 'ForDistributionTenant';
    return new iam.PolicyStatement({
      // ListInvalidations finds the invalidation that an earlier delivery of the same job created.
      actions: ['CreateInvalidation', 'GetInvalidation', 'ListInvalidations'].map(action => `cloudfront:${action}${suffix}`),
      resources: Lazy.list({ produce: () => [...names].map(name => this.arnOf(resource, name)) }),
    });
  }

  private arnOf(resource: TargetResource['resource'], resourceName: string): string {
    return Stack.of(this.scope).formatArn({ service: 'cloudfront', region: '', resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  }
}
