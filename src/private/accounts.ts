import { Stack, Token } from 'aws-cdk-lib';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import type { IConstruct } from 'constructs';
import { targetResourceOf, type TargetOptions, type TargetResource } from './target-resource';
import { warn } from './warnings';
import { quote } from '../contract';

interface Different {
  readonly own: string;
  readonly other: string;
}

/** The accounts of two constructs, if they are known to differ. */
export function otherAccount(own: IConstruct, other: IConstruct): Different | undefined {
  return different(Stack.of(own).account, Stack.of(other).account);
}

/** The Regions of two constructs, if they are known to differ. */
export function otherRegion(own: IConstruct, other: IConstruct): Different | undefined {
  return different(Stack.of(own).region, Stack.of(other).region);
}

function different(own: string, other: string): Different | undefined {
  return Token.isUnresolved(own) || Token.isUnresolved(other) || own === other ? undefined : { own, other };
}

/**
 * The target that a function or role may invalidate itself, which must be in its own account.
 *
 * @throws Error unless there is exactly one target, with a valid ID, in the scope's account as far as that is known
 */
export function targetOfAccount(scope: IConstruct, options: TargetOptions): TargetResource {
  const target = targetResourceOf(options);
  const accounts = otherAccount(scope, target.construct);
  if (accounts !== undefined) {
    const prop = target.resource === 'distribution' ? 'distribution' : 'distributionTenant';
    throw new Error(`${prop} must be in account ${accounts.own}, where ${quote(Stack.of(scope).node.path)} is deployed, but ${quote(target.construct.node.path)} is in ` +
      `account ${accounts.other}. Create a CloudFrontInvalidationRole in account ${accounts.other}, and pass it to the stage or action as distributionRole.`);
  }
  return target;
}

/** Warns if the partition had no CloudFront when this version was released. */
export function checkPartition(scope: IConstruct): void {
  const { region } = Stack.of(scope);
  const partition = Token.isUnresolved(region) ? undefined : RegionInfo.get(region).partition;
  if (partition === 'aws-us-gov' || partition?.startsWith('aws-iso')) {
    warn(scope, 'partitionWithoutCloudFront',
      `The partition ${partition} had no CloudFront when this version was released (${quote(Stack.of(scope).node.path)} is in ${region}), and a function cannot assume a role in another partition: ` +
      'the action may fail. Move the pipeline to the distribution\'s partition.');
  }
}
