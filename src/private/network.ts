import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { IConstruct } from 'constructs';
import { warn } from './warnings';

/** Warns about a network without internet egress, as far as it is known: CloudFront's API has only a public endpoint. */
export function checkNetwork(scope: IConstruct, { vpc, vpcSubnets }: { readonly vpc?: ec2.IVpc; readonly vpcSubnets?: ec2.SubnetSelection }): void {
  if (vpc === undefined) {
    return;
  }
  const { subnets, isPendingLookup } = vpc.selectSubnets(vpcSubnets);
  // A function has no public IP address, so it has no egress in a public subnet either.
  const closed = [...vpc.isolatedSubnets, ...vpc.publicSubnets].map(({ node }) => node);
  if (!isPendingLookup && subnets.length > 0 && subnets.every(({ node }) => closed.includes(node))) {
    warn(scope, 'functionWithoutEgress',
      'vpcSubnets are all isolated or public, and from there a function cannot reach CloudFront or CodePipeline: the action may hang until it times out. ' +
      'Use subnets with egress, such as { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }, or leave vpc out.');
  }
}
