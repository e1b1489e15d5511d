import { Aws, CfnResource, Lazy, Stack, type IResolvable } from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { decryptStatement } from './key-grant';
import { quote } from '../contract';

export function isPipeline(pipeline: IConstruct): pipeline is codepipeline.Pipeline {
  return 'addStage' in pipeline && typeof pipeline.addStage === 'function';
}

export function isCfnPipeline(pipeline: IConstruct): pipeline is codepipeline.CfnPipeline {
  return CfnResource.isCfnResource(pipeline) && pipeline.cfnResourceType === codepipeline.CfnPipeline.CFN_RESOURCE_TYPE_NAME;
}

/** The `CfnPipeline` of a pipeline in this app. */
export function resourceOf(pipeline: IConstruct): codepipeline.CfnPipeline | undefined {
  const resource = pipeline.node.defaultChild ?? pipeline;
  return isCfnPipeline(resource) ? resource : undefined;
}

/** Where a pipeline stores its artifacts. */
export interface ArtifactStore {
  readonly objectsArn: string;
  /** The bucket, if it is in the app. */
  readonly bucket?: IConstruct;
  /** Allows a grantee to decrypt the artifacts, if they have their own key. */
  grantDecrypt?(grantee: iam.IGrantable): void;
}

/** The artifact store of a `CfnPipeline`, as far as it is known. */
export function artifactStoreOf(pipeline: codepipeline.CfnPipeline): ArtifactStore {
  const stack = Stack.of(pipeline);
  const stores = Array.isArray(pipeline.artifactStores) ? pipeline.artifactStores : [];
  const store = pipeline.artifactStore ?? storeOfRegion(stack, stores);
  if (store === undefined || !('location' in store)) {
    throw new Error(`artifactStore of the pipeline ${quote(pipeline.node.path)} must be known before deployment, so that the function can get permission to read it, got an intrinsic function. Write out its location`);
  }
  const { location, encryptionKey } = store;
  const keyId = encryptionKey !== undefined && 'id' in encryptionKey ? encryptionKey.id : undefined;
  return {
    objectsArn: stack.formatArn({ service: 's3', region: '', account: '', resource: location, resourceName: '*' }),
    grantDecrypt: keyId === undefined ? undefined : ({ grantPrincipal }) => {
      grantPrincipal.addToPrincipalPolicy(decryptStatement(pipeline, keyId));
    },
  };
}

/** The artifact store of the pipeline's own Region, which a pipeline must have. */
function storeOfRegion(stack: Stack, stores: readonly (IResolvable | codepipeline.CfnPipeline.ArtifactStoreMapProperty)[]) {
  const regions = [stack.region, Aws.REGION].map(region => JSON.stringify(stack.resolve(region)));
  const known = stores.filter(store => 'region' in store);
  const store = known.find(({ region }) => regions.includes(JSON.stringify(stack.resolve(region)))) ?? (stores.length === 1 ? known[0] : undefined);
  return store?.artifactStore;
}

/** The name of a pipeline if it was specified. Otherwise, CloudFormation chooses it, and the pipeline's own properties cannot reference it. */
export function givenNameOf(pipeline: IConstruct): string | undefined {
  const resource = resourceOf(pipeline);
  return resource !== undefined && Stack.of(resource).resolve(resource.name) !== undefined ? resource.name : undefined;
}

/**
 * The name of a pipeline, for a property of the same pipeline, which cannot reference it: the specified name, or the start of the name that
 * CloudFormation will choose.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
 */
export function pipelineNameOf(pipeline: IConstruct): string {
  const resource = resourceOf(pipeline);
  if (resource === undefined) {
    return pipeline.node.id;
  }
  const stack = Stack.of(resource);
  return Lazy.string({ produce: () => stack.resolve(resource.name) ?? `${stack.stackName}-${resource.logicalId}` });
}
