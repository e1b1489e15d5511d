import { CfnResource, DefaultTokenResolver, Reference, Tokenization, type IResolvable, type IResolveContext, type IPostProcessor } from 'aws-cdk-lib';
import { CfnDistribution, CfnDistributionTenant } from 'aws-cdk-lib/aws-cloudfront';
import type { IConstruct } from 'constructs';
import { isObject } from '../contract';
import type { TargetOptions } from './target-resource';

/** The distribution of a target in this app. An imported one shows nothing about its configuration. */
export function distributionOf({ distribution, distributionTenant }: TargetOptions): CfnDistribution | undefined {
  const tenant = resourceOf(distributionTenant);
  const given = isTenant(tenant) ? referredTo(withReferences(tenant.distributionId, tenant)) : distribution;
  const resource = resourceOf(given);
  return isDistribution(resource) ? resource : undefined;
}

/** The configuration of a distribution, with the constructs to which it refers, in any stack. */
export function configOf(distribution: CfnDistribution): Record<string, unknown> {
  const config = withReferences(distribution.distributionConfig, distribution);
  return isObject(config) ? config : {};
}

/** The construct to which a part of a configuration refers. */
export function referredTo(value: unknown): IConstruct | undefined {
  return value instanceof Referred ? value.target : undefined;
}

export function listIn(config: Record<string, unknown>, name: string): readonly unknown[] {
  const list = config[name];
  return Array.isArray(list) ? list : [];
}

/** What an intrinsic function contains is resolved twice: a property that is not private would lead there to all of the app. */
class Referred {
  readonly #construct: IConstruct;

  constructor(construct: IConstruct) {
    this.#construct = construct;
  }

  get target(): IConstruct {
    return this.#construct;
  }
}

/** Keeps references, which CDK writes in a different way if they cross stacks. */
class ReferenceResolver extends DefaultTokenResolver {
  constructor() {
    // A text that contains a token is not known.
    super({ join: () => undefined });
  }

  resolveToken(token: IResolvable, context: IResolveContext, postProcessor: IPostProcessor): unknown {
    return Reference.isReference(token) ? new Referred(token.target) : super.resolveToken(token, context, postProcessor);
  }
}

function withReferences(value: unknown, scope: IConstruct): unknown {
  return Tokenization.resolve(value, { scope, resolver: new ReferenceResolver() });
}

function resourceOf(construct: IConstruct | undefined): CfnResource | undefined {
  const resource = construct?.node.defaultChild ?? construct;
  return resource !== undefined && CfnResource.isCfnResource(resource) ? resource : undefined;
}

function isDistribution(resource: CfnResource | undefined): resource is CfnDistribution {
  return resource?.cfnResourceType === CfnDistribution.CFN_RESOURCE_TYPE_NAME;
}

function isTenant(resource: CfnResource | undefined): resource is CfnDistributionTenant {
  return resource?.cfnResourceType === CfnDistributionTenant.CFN_RESOURCE_TYPE_NAME;
}
