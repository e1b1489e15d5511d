import { ArnFormat, Lazy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { RolePolicy } from './role-policy';
import type { TargetResource } from './target-resource';
import { holdsVariable } from './variables';

/** What a role may invalidate: one statement that grows with the targets. */
export class InvalidationPermission {
  private readonly ids: Readonly<Record<TargetResource['resource'], Set<string>>> = { 'distribution': new Set(), 'distribution-tenant': new Set() };

  /** @param scope a construct in the targets' account and partition */
  constructor(private readonly scope: Construct, private readonly policy: RolePolicy) {}

  add({ resource, id }: TargetResource): void {
    if (this.ids[resource].size === 0) {
      const suffix = resource === 'distribution' ? '' : 'ForDistributionTenant';
      this.policy.add(new iam.PolicyStatement({
        // ListInvalidations finds the invalidation that an earlier delivery of the same job created.
        actions: ['CreateInvalidation', 'GetInvalidation', 'ListInvalidations'].map(action => `cloudfront:${action}${suffix}`),
        resources: Lazy.list({ produce: () => [...this.ids[resource]].map(resourceName => this.arnOf(resource, resourceName)) }),
      }));
    }
    if (!holdsVariable(id)) {
      this.ids[resource].add(id);
    } else if (!this.ids[resource].has('*')) {
      this.ids[resource].add('*');
      this.policy.acknowledge({
        id: 'AwsSolutions-IAM5',
        appliesTo: [{ regex: `/^Resource::arn:.*:${resource}\\/\\*$/` }],
        reason: `Which ${resource} of the account a pipeline variable will name is known only when the pipeline runs; distributionRole narrows it`,
      });
    }
  }

  private arnOf(resource: TargetResource['resource'], resourceName: string): string {
    return Stack.of(this.scope).formatArn({ service: 'cloudfront', region: '', resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  }
}
