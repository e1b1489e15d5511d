/** Apps whose policies are judged: each kind of pipeline, with each kind of paths and of check, for each kind of target, with and without a key. */
import { App, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction, S3SourceAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as pipelines from 'aws-cdk-lib/pipelines';
import {
  CloudFrontInvalidationFunction, CloudFrontInvalidationRole, CloudFrontInvalidationStage, CloudFrontInvalidationStep, FreshnessCheck,
  InvalidationPaths, type CloudFrontInvalidationOptions,
} from '../../src';
import { givenDistribution, givenDistributionTenant } from '../given';

export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';

const URL = 'https://www.example.com/';

/** What the action does besides: which of it needs the artifact. */
const SOURCES: Readonly<Record<string, (site: codepipeline.Artifact) => Partial<CloudFrontInvalidationOptions>>> = {
  'everything': () => ({}),
  'pages': () => ({ freshnessCheck: FreshnessCheck.pages(URL) }),
  'files': site => ({ freshnessCheck: FreshnessCheck.files(site, { url: URL }) }),
  'manifest': site => ({ paths: InvalidationPaths.fromManifest(site.atPath('paths.txt')) }),
  'changed files': site => ({ paths: InvalidationPaths.changedFiles(site) }),
  'changed files, files': site => ({ paths: InvalidationPaths.changedFiles(site), freshnessCheck: FreshnessCheck.files(site, { url: URL }) }),
};

type TargetOf = (stack: Stack, assumedBy: CloudFrontInvalidationFunction) => Partial<CloudFrontInvalidationOptions>;

const TARGETS: Readonly<Record<string, TargetOf>> = {
  'distribution': stack => ({ distribution: givenDistribution(stack) }),
  'tenant': stack => ({ distributionTenant: givenDistributionTenant(stack) }),
  'role of another account': (stack, assumedBy) => {
    const others = new Stack(stack.node.root as App, 'Others', { env: { account: '444455556666', region: REGION } });
    const distribution = cloudfront.Distribution.fromDistributionAttributes(others, 'Website', { distributionId: 'E2OTHERS', domainName: 'www.example.com' });
    return {
      distribution,
      distributionRole: new CloudFrontInvalidationRole(others, 'InvalidationRole', { distribution, assumedBy, externalId: 'website' }),
    };
  },
};

interface Given {
  readonly stack: Stack;
  readonly artifactBucket: s3.Bucket;
  readonly site: codepipeline.Artifact;
  readonly options: CloudFrontInvalidationOptions;
}

const PIPELINES: Readonly<Record<string, (given: Given) => void>> = {
  V1: given => addToPipeline(given, codepipeline.PipelineType.V1),
  V2: given => addToPipeline(given, codepipeline.PipelineType.V2),
  CfnPipeline: ({ stack, artifactBucket, options }) => {
    const role = new iam.Role(stack, 'PipelineRole', { assumedBy: new iam.ServicePrincipal('codepipeline.amazonaws.com') });
    const { encryptionKey } = artifactBucket;
    const actionTypeId = (category: string) => ({ category, owner: 'AWS', provider: 'S3', version: '1' });
    const pipeline = new codepipeline.CfnPipeline(stack, 'Pipeline', {
      roleArn: role.roleArn,
      artifactStore: { type: 'S3', location: artifactBucket.bucketName, encryptionKey: encryptionKey && { type: 'KMS', id: encryptionKey.keyArn } },
      stages: [
        { name: 'Source', actions: [{ name: 'Source', actionTypeId: actionTypeId('Source'), outputArtifacts: [{ name: 'Site' }] }] },
        { name: 'Deploy', actions: [{ name: 'Deploy', actionTypeId: actionTypeId('Deploy'), inputArtifacts: [{ name: 'Site' }] }] },
      ],
    });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, ...options });
  },
};

function addToPipeline({ stack, artifactBucket, site, options }: Given, pipelineType: codepipeline.PipelineType): void {
  const pipeline = new codepipeline.Pipeline(stack, 'Pipeline', { artifactBucket, pipelineType });
  const bucket = new s3.Bucket(stack, 'Source', { versioned: true });
  pipeline.addStage({ stageName: 'Source', actions: [new S3SourceAction({ actionName: 'Source', bucket, bucketKey: 'site.zip', output: site })] });
  pipeline.addStage({ stageName: 'Deploy', actions: [new S3DeployAction({ actionName: 'Deploy', bucket: new s3.Bucket(stack, 'Site'), input: site })] });
  new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, ...options });
}

/** A step in CDK Pipelines, which chooses the artifacts. */
type StepOptionsOf = (files: pipelines.FileSet) => Partial<CloudFrontInvalidationOptions>;

const STEPS: Readonly<Record<string, StepOptionsOf>> = {
  'pages': () => ({ freshnessCheck: FreshnessCheck.pages(URL) }),
  'manifest': files => ({ paths: InvalidationPaths.fromManifestOf(files, 'paths.txt') }),
  'changed files': files => ({ paths: InvalidationPaths.changedFilesOf(files) }),
};

function addToCdkPipelines({ stack, artifactBucket, options }: Given, optionsOf: StepOptionsOf): void {
  const input = pipelines.CodePipelineSource.s3(new s3.Bucket(stack, 'Source', { versioned: true }), 'app.zip');
  const pipeline = new pipelines.CodePipeline(stack, 'Pipeline', {
    artifactBucket, selfMutation: false, synth: new pipelines.ShellStep('Synth', { input, commands: ['npx cdk synth'] }),
  });
  const deploy = new pipelines.ShellStep('Deploy', { input, commands: ['npx deploy'] });
  const invalidate = new CloudFrontInvalidationStep('Invalidate', { ...options, ...optionsOf(input.primaryOutput!) });
  invalidate.addStepDependency(deploy);
  pipeline.addWave('Production', { post: [deploy, invalidate] });
  pipeline.buildPipeline();
}

function addTarget({ distribution, distributionTenant, function: invalidationFunction }: CloudFrontInvalidationOptions): void {
  if (distribution !== undefined) {
    invalidationFunction?.addDistribution(distribution);
  }
  if (distributionTenant !== undefined) {
    invalidationFunction?.addDistributionTenant(distributionTenant);
  }
}

export interface Shape {
  readonly name: string;
  /** @returns the folder of the cloud assembly */
  synthesize(): string;
}

export function* shapes(): Generator<Shape> {
  for (const key of ['key', 'no key']) {
    for (const [target, targetOf] of Object.entries(TARGETS)) {
      const shape = (name: string, add: (given: Given) => void, region = REGION): Shape => ({
        name: `${name}, ${target}, ${key}`, synthesize: () => synthesize(key === 'key', targetOf, add, region),
      });
      for (const [source, optionsOf] of Object.entries(SOURCES)) {
        for (const [kind, add] of Object.entries(PIPELINES)) {
          yield shape(`${kind}, ${source}`, given => add({ ...given, options: { ...given.options, ...optionsOf(given.site) } }));
        }
      }
      for (const [source, optionsOf] of Object.entries(STEPS)) {
        yield shape(`CDK Pipelines, ${source}`, given => addToCdkPipelines(given, optionsOf));
      }
      if (target !== 'role of another account') {
        // A pipeline that was imported has an action by hand, and the function beside it.
        yield shape('imported', ({ options }) => addTarget(options));
        // More than one policy lists.
        yield shape('imported, with 60 distributions besides', ({ stack, options }) => {
          addTarget(options);
          for (let index = 0; index < 60; index++) {
            options.function?.addDistribution(givenDistribution(stack, `Website${index}`));
          }
        });
        yield shape('V2 with a function in another Region, manifest', given =>
          PIPELINES.V2({ ...given, options: { ...given.options, ...SOURCES.manifest(given.site) } }), 'us-east-1');
      }
    }
  }
}

function synthesize(hasKey: boolean, targetOf: TargetOf, add: (given: Given) => void, functionRegion: string): string {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Website', { env: { account: ACCOUNT, region: REGION } });
  const functionStack = functionRegion === REGION ? stack : new Stack(app, 'Function', { env: { account: ACCOUNT, region: functionRegion } });
  const invalidationFunction = new CloudFrontInvalidationFunction(functionStack, 'InvalidationFunction');
  const encryptionKey = hasKey ? new kms.Key(stack, 'Key') : undefined;
  const artifactBucket = new s3.Bucket(stack, 'Artifacts', { encryptionKey });
  add({
    stack, artifactBucket, site: codepipeline.Artifact.artifact('Site'), options: { ...targetOf(stack, invalidationFunction), function: invalidationFunction },
  });
  return app.synth().directory;
}
