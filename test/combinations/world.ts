import { App, Aws, CfnParameter, Stack, type Environment } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction, S3SourceAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import * as pipelines from 'aws-cdk-lib/pipelines';
import type { Combination, Part } from './combination';
import {
  CloudFrontInvalidationFunction, CloudFrontInvalidationStage, CloudFrontInvalidationStep, InvalidationPaths, type CloudFrontInvalidationOptions,
} from 'cdk-cloudfront-invalidation-stage';

export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';
const OTHER_ACCOUNT = '444455556666';
const ROLE_ARN = `arn:aws:iam::${OTHER_ACCOUNT}:role/invalidate-website`;

/** An app as somebody would write it for a combination. */
export function givenApp(combination: Combination, outdir: string, context: Record<string, unknown> = {}): App {
  const app = new App({ outdir, analyticsReporting: false, context });
  const stacks = new Map<string, Stack>();
  const stackOf = (part: Part): Stack => {
    const id = combination.stacks[part];
    const stack = stacks.get(id) ?? new Stack(app, id, { env: envOf(combination, part), crossRegionReferences: combination.place === 'distribution in us-east-1' });
    stacks.set(id, stack);
    return stack;
  };
  const encryptionKey = new kms.Key(stackOf('key'), 'Key');
  const artifactBucket = new s3.Bucket(stackOf('bucket'), 'Artifacts', { encryptionKey, encryption: s3.BucketEncryption.KMS });
  const stack = stackOf('pipeline');
  const site = codepipeline.Artifact.artifact('Site');
  const options: CloudFrontInvalidationOptions = {
    distribution: distributionOf(combination, stackOf('distribution')),
    distributionRole: combination.place === 'id and role of another account' ? iam.Role.fromRoleArn(stack, 'DistributionRole', ROLE_ARN) : undefined,
    paths: pathsOf(combination, stack, site),
    function: new CloudFrontInvalidationFunction(stackOf('function'), 'Function'),
  };
  const pipelineName = combination.paths === 'changedFiles of a named pipeline' ? 'website' : undefined;
  PIPELINES[combination.kind]({ stack, artifactBucket, encryptionKey, site, options, pipelineName });
  return app;
}

interface Given {
  readonly stack: Stack;
  readonly artifactBucket: s3.Bucket;
  readonly encryptionKey: kms.Key;
  readonly site: codepipeline.Artifact;
  readonly options: CloudFrontInvalidationOptions;
  readonly pipelineName?: string;
}

const PIPELINES: Readonly<Record<Combination['kind'], (given: Given) => void>> = {
  'Pipeline': ({ stack, artifactBucket, site, options, pipelineName }) => {
    const pipeline = new codepipeline.Pipeline(stack, 'Pipeline', { pipelineName, artifactBucket, pipelineType: codepipeline.PipelineType.V2 });
    const bucket = new s3.Bucket(stack, 'Source', { versioned: true });
    pipeline.addStage({ stageName: 'Source', actions: [new S3SourceAction({ actionName: 'Source', bucket, bucketKey: 'site.zip', output: site })] });
    pipeline.addStage({ stageName: 'Deploy', actions: [new S3DeployAction({ actionName: 'Deploy', bucket: new s3.Bucket(stack, 'Site'), input: site })] });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, ...options });
  },

  'CfnPipeline': ({ stack, artifactBucket, encryptionKey, options, pipelineName }) => {
    const role = new iam.Role(stack, 'PipelineRole', { assumedBy: new iam.ServicePrincipal('codepipeline.amazonaws.com') });
    const pipeline = new codepipeline.CfnPipeline(stack, 'Pipeline', {
      name: pipelineName,
      roleArn: role.roleArn,
      artifactStore: { type: 'S3', location: artifactBucket.bucketName, encryptionKey: { type: 'KMS', id: encryptionKey.keyId } },
      stages: [
        { name: 'Source', actions: [{ name: 'Source', actionTypeId: actionType('Source', 'S3'), outputArtifacts: [{ name: 'Site' }], configuration: { S3Bucket: 'source', S3ObjectKey: 'site.zip' } }] },
        { name: 'Deploy', actions: [{ name: 'Deploy', actionTypeId: actionType('Deploy', 'S3'), inputArtifacts: [{ name: 'Site' }], configuration: { BucketName: 'site', Extract: 'true' } }] },
      ],
    });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, ...options });
  },

  'CfnInclude': ({ stack, artifactBucket, encryptionKey, options, pipelineName }) => {
    const template = new CfnInclude(stack, 'Template', {
      templateFile: `${__dirname}/pipeline.yaml`,
      parameters: { ArtifactBucket: artifactBucket.bucketName, ArtifactKey: encryptionKey.keyArn },
    });
    const pipeline = template.getResource('Pipeline') as codepipeline.CfnPipeline;
    pipeline.name = pipelineName;
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, justAfterStage: 'Deploy', ...options });
  },

  'CDK Pipelines': ({ stack, artifactBucket, options }) => {
    const pipeline = new pipelines.CodePipeline(stack, 'Pipeline', {
      artifactBucket,
      selfMutation: false,
      synth: new pipelines.ShellStep('Synth', {
        input: pipelines.CodePipelineSource.s3(new s3.Bucket(stack, 'Source', { versioned: true }), 'app.zip'), commands: ['npx cdk synth'],
      }),
    });
    pipeline.addWave('Production', { post: [new CloudFrontInvalidationStep('Invalidate', options)] });
    pipeline.buildPipeline();
  },
};

function actionType(category: string, provider: string): codepipeline.CfnPipeline.ActionTypeIdProperty {
  return { category, owner: 'AWS', provider, version: '1' };
}

function envOf({ place }: Combination, part: Part): Environment | undefined {
  if (place === 'anywhere') {
    return undefined;
  }
  const isMoved = place.startsWith(part) || part === 'distribution' && place.startsWith('id');
  return {
    account: isMoved && place.endsWith('another account') ? OTHER_ACCOUNT : ACCOUNT,
    region: isMoved && place.endsWith('us-east-1') ? 'us-east-1' : REGION,
  };
}

function distributionOf({ place }: Combination, stack: Stack): CloudFrontInvalidationOptions['distribution'] {
  if (place.startsWith('id')) {
    // What the other account's stack is there for.
    new s3.Bucket(stack, 'Origin');
    return cloudfront.CfnDistribution.fromDistributionId(stack, 'Website', 'E2QWRUHEXAMPLE');
  }
  return new cloudfront.Distribution(stack, 'Website', { defaultBehavior: { origin: new HttpOrigin('www.example.com') } });
}

function pathsOf({ paths }: Combination, stack: Stack, site: codepipeline.Artifact): InvalidationPaths {
  switch (paths) {
    case 'all':
      return InvalidationPaths.all();
    case 'of':
      return InvalidationPaths.of('/index.html', `/${Aws.STACK_NAME}/*`);
    case 'list':
      return InvalidationPaths.of('/first', ...new CfnParameter(stack, 'Paths', { type: 'CommaDelimitedList', default: '/a, /b/*' }).valueAsList);
    case 'manifest':
      return InvalidationPaths.fromManifest(site.atPath('invalidation.txt'));
    default:
      return InvalidationPaths.changedFiles(site);
  }
}
