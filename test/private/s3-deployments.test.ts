import { CfnParameter, type App, type Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction, type S3DeployActionProps } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CloudFrontInvalidationStage, InvalidationPaths, type ChangedFilesOptions } from '../../src';
import { givenDistribution, givenPipeline, givenStack } from '../given';

const SITE = codepipeline.Artifact.artifact('site');

type Deployment = Partial<S3DeployActionProps>;

/** A pipeline that deploys the site by actions with these properties. */
function givenDeployments(
  stack: Stack, deployments: Record<string, Deployment>, options: ChangedFilesOptions = {},
  distribution: cloudfront.IDistribution = givenDistribution(stack),
): void {
  const pipeline = givenPipeline(stack);
  const bucket = Bucket.fromBucketName(stack, 'Bucket', 'site');
  const actions = Object.entries(deployments).map(([actionName, props]) => new S3DeployAction({ actionName, input: SITE, bucket, ...props }));
  pipeline.addStage({ stageName: 'Deploy', actions });
  new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution, paths: InvalidationPaths.changedFiles(SITE, options) });
}

function synthesize(stack: Stack): void {
  (stack.node.root as App).synth();
}

describe('an archive that is not extracted', () => {
  const ARCHIVE: Deployment = { extract: false, objectKey: 'site.zip' };

  test.each<[string, Record<string, Deployment>, ChangedFilesOptions]>([
    ['by the only action', { Archive: ARCHIVE }, {}],
    ['by the action that is named', { Archive: ARCHIVE, Website: {} }, { deployedBy: ['Deploy.Archive'] }],
  ])('%s is refused', (_, deployments, options) => {
    const stack = givenStack();
    givenDeployments(stack, deployments, options);
    expect(() => synthesize(stack)).toThrow("changedFiles must use an artifact whose files are deployed, got 'site', of which 'Deploy.Archive' copies only the archive (extract: false): " +
      "set extract to true, name in deployedBy the action that deploys the files, or invalidate what is copied, with InvalidationPaths.of('/site.zip')");
  });

  test('in a CfnPipeline is refused', () => {
    const stack = givenStack();
    const pipeline = new codepipeline.CfnPipeline(stack, 'Pipeline', {
      roleArn: 'arn:aws:iam::111122223333:role/pipeline',
      artifactStore: { type: 'S3', location: 'artifacts' },
      stages: [{
        name: 'Deploy',
        actions: [{
          name: 'Archive',
          actionTypeId: { category: 'Deploy', owner: 'AWS', provider: 'S3', version: '1' },
          inputArtifacts: [{ name: 'site' }],
          configuration: { BucketName: 'site', Extract: 'false', ObjectKey: { Ref: 'Key' } },
        }],
      }],
    });
    new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), paths: InvalidationPaths.changedFiles(SITE) });
    expect(() => synthesize(stack)).toThrow('invalidate what is copied, with InvalidationPaths.of()');
  });

  test('beside an action that deploys the files is a backup', () => {
    const stack = givenStack();
    givenDeployments(stack, { Archive: ARCHIVE, Website: {} });
    expect(() => synthesize(stack)).not.toThrow();
  });
});

describe('the folder of the bucket', () => {
  function warningsOf(stack: Stack): string[] {
    return Annotations.fromStack(stack).findWarning('*', Match.anyValue()).map(({ entry }) => String(entry.data)).filter(text => text.includes('objectKey'));
  }

  function distributionOf(stack: Stack, ...originPaths: string[]): cloudfront.Distribution {
    const [first, ...others] = originPaths.map((originPath, index) => new HttpOrigin(`o${index}.example.com`, { originPath }));
    return new cloudfront.Distribution(stack, 'Website', {
      defaultBehavior: { origin: first },
      additionalBehaviors: Object.fromEntries(others.map((origin, index) => [`/${index}/*`, { origin }])),
    });
  }

  const warningOf = (key: string, folder: string) => `changedFiles invalidates '/index.html' and not '/${folder}/index.html', because 'Deploy.Website' copies the files of 'site' to the ` +
    `folder '${key}' (objectKey). Set urlPath to the folder where visitors see them, such as '${folder}', or to '' if the distribution's origin has the originPath '/${key}'. ` +
    '[ack: cdk-cloudfront-invalidation-stage:objectKey]';

  test.each<[string, string | undefined, ChangedFilesOptions, ((stack: Stack) => cloudfront.IDistribution) | undefined, string[]]>([
    ['none', undefined, {}, undefined, []],
    ['the root', '/', {}, undefined, []],
    ['one without urlPath', 'docs', {}, undefined, [warningOf('docs', 'docs')]],
    ['one with slashes', '/docs/latest/', {}, undefined, [warningOf('docs/latest', 'docs/latest')]],
    ['one with urlPath', 'docs', { urlPath: 'docs' }, undefined, []],
    ['one with an empty urlPath: the user has said it', 'docs', { urlPath: '' }, undefined, []],
    ['that of the originPath', 'releases/docs', {}, stack => distributionOf(stack, '/releases/docs'), []],
    ['that of one of the originPaths', 'docs', {}, stack => distributionOf(stack, '/assets', '/docs'), []],
    ['one below the originPath', 'releases/docs', {}, stack => distributionOf(stack, '/releases'), [warningOf('releases/docs', 'docs')]],
    ['one beside the originPath', 'releases-old', {}, stack => distributionOf(stack, '/releases'), [warningOf('releases-old', 'releases-old')]],
    ['one where a tenant\'s parameter is the originPath', 'docs', {}, stack => distributionOf(stack, '/{{folder}}'), []],
    ['one where the originPath is a token', 'docs', {}, stack => distributionOf(stack, new CfnParameter(stack, 'Path').valueAsString), []],
    ['one with a distribution that is imported', 'docs', {}, stack => cloudfront.Distribution.fromDistributionAttributes(stack, 'D', { distributionId: 'E1', domainName: 'd' }),
      [warningOf('docs', 'docs')]],
    ['a variable', 'releases/#{codepipeline.PipelineExecutionId}', {}, undefined, []],
  ])('where the action copies the files is %s', (_, objectKey, options, distribution, expected) => {
    const stack = givenStack();
    givenDeployments(stack, { Website: { objectKey } }, options, distribution?.(stack));
    expect(warningsOf(stack)).toEqual(expected);
  });

  test('is known of the actions that deploy, not of another', () => {
    const stack = givenStack();
    givenDeployments(stack, { Website: {}, Other: { objectKey: 'docs' } }, { deployedBy: ['Deploy.Website'] });
    expect(warningsOf(stack)).toEqual([]);
  });

  test('is not the key of an archive', () => {
    const stack = givenStack();
    givenDeployments(stack, { Website: {}, Archive: { extract: false, objectKey: 'site.zip' } });
    expect(warningsOf(stack)).toEqual([]);
  });
});
