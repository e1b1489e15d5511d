/**
 * The pipelines that a site may have: how it is built and deployed, and where its cache is invalidated. Each is synthesised as a user would
 * write it, so that the parameters of the invalidation are those that ship.
 */
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { PipelineProject } from 'aws-cdk-lib/aws-codebuild';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { CodeBuildAction, CodeBuildActionType, S3DeployAction, S3SourceAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { DeployedTemplate, type ActionType } from '../../sandbox';
import { CloudFrontInvalidationAction, CloudFrontInvalidationFunction, CloudFrontInvalidationStage, InvalidationPaths, type ChangedFilesOptions } from '../../src';

/** How a site gets into its bucket. */
export interface Shape {
  readonly title: string;
  /** An S3 deploy action; a CodeBuild action that syncs the artifact; or one that builds, syncs what it has built, and outputs it. */
  readonly deploysWith: 'S3' | 'CodeBuild' | 'its build';
  /** Whether a deployment removes what is no longer part of the site (`sync --delete`). S3 deploy actions never do. */
  readonly deletes: boolean;
  /** Whether the pages and the assets are deployed by an action each. */
  readonly splits?: boolean;
  /** Whether there is a Staging before Prod, each with a bucket, a distribution, and its invalidation in the same stage. */
  readonly hasStaging?: boolean;
}

export const SHAPES = {
  's3': { title: 'S3 deploy action', deploysWith: 'S3', deletes: false },
  'build-and-deploy': { title: 'build and deployment in one action', deploysWith: 'its build', deletes: false },
  'build-and-sync': { title: 'build and deployment in one action, `--delete`', deploysWith: 'its build', deletes: true },
  'codebuild': { title: 'CodeBuild deploys the artifact', deploysWith: 'CodeBuild', deletes: false },
  'codebuild-sync': { title: 'CodeBuild deploys the artifact, `--delete`', deploysWith: 'CodeBuild', deletes: true },
  'split': { title: 'two deploy actions: pages and assets', deploysWith: 'CodeBuild', deletes: false, splits: true },
  'staging': { title: 'Staging and Prod', deploysWith: 'S3', deletes: false, hasStaging: true },
} satisfies Record<string, Shape>;

export type ShapeName = keyof typeof SHAPES;

export function shapeOf(name: ShapeName): Shape {
  return SHAPES[name];
}

/** What a user may change of a pipeline from one deployment to the next. */
export interface Settings {
  readonly artifact: string;
  readonly deployStage: string;
  readonly deployAction: string;
  readonly invalidationStage: string;
  readonly invalidationAction: string;
  /** Of `InvalidationPaths.changedFiles`, as they are: one that the library does not know is the library's to refuse. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether the deployers are listed (`deployedBy`), or found by the library. */
  readonly listsDeployers: boolean;
  /** The folder of the artifact that has the site, where CodeBuild deploys: both, the build and the deployment, know it. */
  readonly folder: string;
  /** Where the site is deployed to, as the configuration of the actions says it: the bucket that is visited, or another by mistake. */
  readonly bucket: 'website' | 'other';
  /** Which of two distributions of the same bucket is invalidated. */
  readonly distribution: 0 | 1;
}

export const DEFAULT_SETTINGS: Settings = {
  artifact: 'site',
  deployStage: 'Deploy',
  deployAction: 'Deploy',
  invalidationStage: 'Invalidate',
  invalidationAction: 'Invalidate',
  options: {},
  listsDeployers: false,
  folder: '',
  bucket: 'website',
  distribution: 0,
};

/** An action that writes to the bucket. */
export interface Deployer {
  readonly action: string;
  readonly actionType: ActionType;
  /** Whether it builds what it deploys, from the source, and outputs it. */
  readonly builds: boolean;
  /** Which files it deploys. */
  readonly deploys: (key: string) => boolean;
}

/** Our action. */
export interface Invalidator {
  readonly stage: string;
  readonly action: string;
  readonly namespace?: string;
  readonly userParameters: string;
}

/** A bucket with its distributions, and who deploys and invalidates them. */
export interface Site {
  readonly stage: string;
  readonly deployers: readonly Deployer[];
  readonly invalidator: Invalidator;
}

/** A pipeline as it is deployed. */
export interface Pipeline {
  readonly settings: Settings;
  /** Whether a build comes before the first deployment. */
  readonly hasBuild: boolean;
  readonly sites: readonly Site[];
}

export const SOURCE_TYPE: ActionType = { category: 'Source', owner: 'AWS', provider: 'S3', version: '1' };
export const BUILD_TYPE: ActionType = { category: 'Build', owner: 'AWS', provider: 'CodeBuild', version: '1' };
const DEPLOY_TYPE: ActionType = { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' };
export const INVALIDATION_TYPE: ActionType = { category: 'Invoke', owner: 'AWS', provider: 'Lambda', version: '1' };

/** The name of the pipeline in the parameters, which each life replaces by its own. */
export const PIPELINE_NAME = 'LifeOfASite';

const pipelines = new Map<string, Pipeline>();
/** One for all apps, so that the function's code is copied once. */
let directory: string | undefined;

/** The pipeline of a shape with these settings, synthesised once. */
export function pipelineOf(shapeName: ShapeName, settings: Settings): Pipeline {
  // The distributions differ in their ids only, and where a site is deployed to is nothing that the invalidation is told.
  const synthesized: Settings = { ...settings, distribution: 0, bucket: 'website' };
  const key = JSON.stringify([shapeName, synthesized]);
  const pipeline = pipelines.get(key) ?? synthesize(shapeOf(shapeName), synthesized);
  pipelines.set(key, pipeline);
  return {
    ...pipeline,
    settings,
    sites: pipeline.sites.map((site, index) => ({
      ...site,
      invalidator: {
        ...site.invalidator,
        userParameters: site.invalidator.userParameters.replace(distributionIdOf(index, 0), distributionIdOf(index, settings.distribution)),
      },
    })),
  };
}

export function distributionIdOf(site: number, distribution: number): string {
  return `E2LIFE${site}DISTRI${distribution}`;
}

function synthesize(shape: Shape, settings: Settings): Pipeline {
  const sites = (shape.hasStaging ? ['Staging', 'Prod'] : ['']).map(name => ({
    stage: `${settings.deployStage}${name}`, deployers: deployersOf(shape, settings),
  }));
  directory ??= temporaryDirectory();
  const app = new App({ analyticsReporting: false, treeMetadata: false, stackTraces: false, outdir: directory });
  const stack = new Stack(app, 'Website');
  const pipeline = new codepipeline.Pipeline(stack, 'Pipeline', {
    pipelineName: PIPELINE_NAME, pipelineType: codepipeline.PipelineType.V2, crossAccountKeys: false,
  });
  const invalidationFunction = new CloudFrontInvalidationFunction(stack, 'Function');
  const [source, artifact] = [new codepipeline.Artifact('source'), new codepipeline.Artifact(settings.artifact)];
  const bucket = new Bucket(stack, 'SourceBucket', { versioned: true });
  pipeline.addStage({ stageName: 'Source', actions: [new S3SourceAction({ actionName: 'Source', bucket, bucketKey: 'source.zip', output: source })] });
  if (shape.deploysWith !== 'its build') {
    pipeline.addStage({
      stageName: 'Build',
      actions: [new CodeBuildAction({ actionName: 'Build', project: new PipelineProject(stack, 'Build'), input: source, outputs: [artifact] })],
    });
  }
  sites.forEach(({ stage: stageName, deployers }, index) => {
    const stage = pipeline.addStage({
      stageName, actions: deployers.map(deployer => deployActionOf(stack, `${stageName}${deployer.action}`, deployer, source, artifact)),
    });
    const props = {
      actionName: settings.invalidationAction,
      distribution: Distribution.fromDistributionAttributes(stack, `Distribution${index}`, {
        distributionId: distributionIdOf(index, 0), domainName: 'd111111abcdef8.cloudfront.net',
      }),
      function: invalidationFunction,
      paths: InvalidationPaths.changedFiles(artifact, changedFilesOptionsOf(settings, stageName, deployers)),
    };
    if (shape.hasStaging) {
      stage.addAction(new CloudFrontInvalidationAction({ ...props, runOrder: 2 }));
    } else {
      new CloudFrontInvalidationStage(stack, 'Invalidate', { ...props, pipeline, stageName: settings.invalidationStage });
    }
  });
  const { template } = app.synth().getStackByName('Website');
  const deployed = new DeployedTemplate(template, { account: '123456789012', region: 'eu-west-1', stackName: 'Website', exports: new Map() });
  const { properties } = deployed.resources.find(({ type }) => type === 'AWS::CodePipeline::Pipeline')!;
  const invalidators = invalidatorsIn(properties.Stages as readonly TemplateStage[]);
  return { settings, hasBuild: shape.deploysWith !== 'its build', sites: sites.map((site, index) => ({ ...site, invalidator: invalidators[index] })) };
}

function temporaryDirectory(): string {
  const created = mkdtempSync(join(tmpdir(), 'life-'));
  process.once('exit', () => rmSync(created, { recursive: true, force: true }));
  return created;
}

function deployersOf({ deploysWith, splits }: Shape, { deployAction }: Settings): Deployer[] {
  const isAsset = (key: string) => key.startsWith('assets/');
  const deployer = { actionType: deploysWith === 'S3' ? DEPLOY_TYPE : BUILD_TYPE, builds: deploysWith === 'its build' };
  return splits
    ? [
      { ...deployer, action: `${deployAction}Assets`, deploys: isAsset },
      { ...deployer, action: `${deployAction}Pages`, deploys: key => !isAsset(key) },
    ]
    : [{ ...deployer, action: deployAction, deploys: () => true }];
}

function deployActionOf(
  stack: Stack, id: string, { action: actionName, actionType, builds }: Deployer, source: codepipeline.Artifact, artifact: codepipeline.Artifact,
): codepipeline.IAction {
  if (actionType === DEPLOY_TYPE) {
    return new S3DeployAction({ actionName, bucket: new Bucket(stack, id), input: artifact });
  }
  return new CodeBuildAction({
    actionName,
    project: new PipelineProject(stack, id),
    type: CodeBuildActionType.BUILD,
    ...(builds ? { input: source, outputs: [artifact] } : { input: artifact }),
  });
}

function changedFilesOptionsOf({ options, folder, listsDeployers }: Settings, stage: string, deployers: readonly Deployer[]): ChangedFilesOptions {
  return {
    ...(folder === '' ? {} : { baseDirectory: folder }),
    ...(listsDeployers ? { deployedBy: deployers.map(({ action }) => `${stage}.${action}`) } : {}),
    ...options,
  } as ChangedFilesOptions;
}

interface TemplateStage {
  readonly Name: string;
  readonly Actions: readonly {
    readonly Name: string;
    readonly Namespace?: string;
    readonly ActionTypeId: { readonly Provider: string };
    readonly Configuration: { readonly UserParameters?: string };
  }[];
}

function invalidatorsIn(stages: readonly TemplateStage[]): Invalidator[] {
  return stages.flatMap(({ Name: stage, Actions }) => Actions.filter(({ ActionTypeId }) => ActionTypeId.Provider === 'Lambda')
    .map(({ Name: action, Namespace: namespace, Configuration }) => ({
      stage, action, namespace, userParameters: String(Configuration.UserParameters),
    })));
}
