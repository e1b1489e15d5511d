import { Annotations as AppAnnotations, type Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { PipelineProject } from 'aws-cdk-lib/aws-codebuild';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as actions from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CloudFrontInvalidationStage, InvalidationPaths, type ChangedFilesOptions } from '../../src';
import { givenDistribution, givenPipeline, givenStack } from '../given';

const ID = 'cdk-cloudfront-invalidation-stage:otherFiles';
const SITE = codepipeline.Artifact.artifact('site');
const CONFIG = codepipeline.Artifact.artifact('config');

function warningsOf(stack: Stack): string[] {
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(`\\[ack: ${ID}\\]`)).map(({ entry }) => String(entry.data));
}

function sync(stack: Stack, actionName: string, input: codepipeline.Artifact, extraInputs: codepipeline.Artifact[] = []): codepipeline.IAction {
  return new actions.CodeBuildAction({ actionName, project: new PipelineProject(stack, actionName), input, extraInputs });
}

function copy(actionName: string, input: codepipeline.Artifact, bucket: Bucket, extract = true): codepipeline.IAction {
  return new actions.S3DeployAction({ actionName, input, bucket, extract, objectKey: extract ? undefined : 'downloads/site.zip' });
}

/** A pipeline with these actions in its stage Deploy, and an invalidation of what changes in `site`. */
function givenDeployment(deploy: (stack: Stack, bucket: Bucket) => codepipeline.IAction[], options?: ChangedFilesOptions) {
  const stack = givenStack();
  const bucket = new Bucket(stack, 'Website');
  const pipeline = givenPipeline(stack);
  pipeline.stage('Source').addAction(new actions.S3SourceAction({ actionName: 'Config', bucket, bucketKey: 'config.zip', output: CONFIG }));
  pipeline.addStage({ stageName: 'Deploy', actions: deploy(stack, bucket) });
  const paths = InvalidationPaths.changedFiles(SITE, options);
  const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), paths });
  return { stack, stage };
}

describe('a deployment of files that changedFiles does not compare', () => {
  test.each([
    ['the site first', [SITE, CONFIG]],
    ['the site second', [CONFIG, SITE]],
  ])('by an action that takes another artifact, too, %s', (_, [input, extra]) => {
    const { stack } = givenDeployment(deployment => [sync(deployment, 'Sync', input, [extra])]);
    expect(warningsOf(stack)).toEqual(["changedFiles compares the files of 'site', but 'Deploy.Sync' also takes 'config'. If it copies files of the others to the website, or makes pages " +
      'with them, old pages stay in the cache. Have a build put all of it into one artifact, or use InvalidationPaths.all(). Acknowledge this warning if the others bring only what runs, ' +
      `such as a script. [ack: ${ID}]`]);
  });

  test('by another action, into the same bucket', () => {
    const { stack } = givenDeployment((_, bucket) => [copy('Pages', SITE, bucket), copy('Assets', CONFIG, bucket)]);
    expect(warningsOf(stack)).toEqual([expect.stringContaining("but 'Deploy.Assets' copies 'config' to the same bucket as 'Deploy.Pages'. If CloudFront serves it, old pages stay in the " +
      "cache. Add an invalidation with the changed files of 'config', or use InvalidationPaths.all().")]);
  });

  test('by an action that copies the archive, beside one that copies its files', () => {
    const { stack } = givenDeployment((_, bucket) => [copy('Pages', SITE, bucket), copy('Archive', SITE, bucket, false)]);
    expect(warningsOf(stack)).toEqual([expect.stringContaining("but 'Deploy.Archive' copies the archive itself (extract: false). If CloudFront serves it, add an invalidation with " +
      "InvalidationPaths.of('/downloads/site.zip').")]);
  });

  test('can be acknowledged', () => {
    const { stack } = givenDeployment(deployment => [sync(deployment, 'Sync', SITE, [CONFIG])]);
    AppAnnotations.of(stack).acknowledgeWarning(ID);
    expect(warningsOf(stack)).toEqual([]);
  });
});

describe('no warning', () => {
  test.each<[string, (stack: Stack, bucket: Bucket) => codepipeline.IAction[], ChangedFilesOptions]>([
    ['of an action that takes nothing else', stack => [sync(stack, 'Sync', SITE)], {}],
    ['of another bucket', (stack, bucket) => [copy('Pages', SITE, bucket), copy('Reports', CONFIG, new Bucket(stack, 'Reports'))], {}],
    ['of a test with a script of its own, beside an S3 deploy action', (stack, bucket) => [copy('Pages', SITE, bucket), sync(stack, 'Test', CONFIG, [SITE])], {}],
    ['of an action that does not deploy the site', stack => [sync(stack, 'Sync', SITE), sync(stack, 'Test', CONFIG, [SITE])], { deployedBy: ['Deploy.Sync'] }],
  ])('%s', (_, deploy, options) => {
    expect(warningsOf(givenDeployment(deploy, options).stack)).toEqual([]);
  });

  test('where another invalidation takes care of the other artifact', () => {
    const { stack, stage } = givenDeployment((_, bucket) => [copy('Pages', SITE, bucket), copy('Assets', CONFIG, bucket)]);
    stage.addInvalidation({ distribution: givenDistribution(stack, 'Other'), paths: InvalidationPaths.changedFiles(CONFIG) });
    expect(warningsOf(stack)).toEqual([]);
  });
});
