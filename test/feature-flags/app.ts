/** Synthesises the library's constructs once for each value of each feature flag that could touch them; prints what is the library's, as JSON. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { Artifact, Pipeline } from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction, S3SourceAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import * as cxapi from 'aws-cdk-lib/cx-api';
import { CURRENT_VERSION_EXPIRED_FLAGS } from 'aws-cdk-lib/cx-api';
import { CodePipeline, CodePipelineSource, ShellStep } from 'aws-cdk-lib/pipelines';
import {
  CloudFrontInvalidationFunction,
  CloudFrontInvalidationRole,
  CloudFrontInvalidationStage,
  CloudFrontInvalidationStep,
  InvalidationPaths,
} from 'cdk-cloudfront-invalidation-stage';

const FLAGS = (Object.values(cxapi) as unknown[])
  .filter((name): name is string => typeof name === 'string' && /^@aws-cdk\/(aws-codepipeline|aws-codepipeline-actions|pipelines|aws-lambda|aws-kms|aws-iam):/.test(name))
  // Those are part of CDK 2 and cannot be set.
  .filter(name => !CURRENT_VERSION_EXPIRED_FLAGS.includes(name));

function template(context: Record<string, boolean>): unknown {
  const app = new App({ analyticsReporting: false, context });
  const env = { account: '111122223333', region: 'eu-west-1' };

  const stack = new Stack(app, 'Website', { env });
  const distribution = Distribution.fromDistributionAttributes(stack, 'Distribution', { distributionId: 'E2QWRUHEXAMPLE', domainName: 'www.example.com' });
  const site = new Artifact('Site');
  // With the key that CDK makes for it where a flag says so.
  const pipeline = new Pipeline(stack, 'Pipeline', {
    stages: [
      { stageName: 'Source', actions: [new S3SourceAction({ actionName: 'Source', bucket: new Bucket(stack, 'Source'), bucketKey: 'site.zip', output: site })] },
      { stageName: 'Deploy', actions: [new S3DeployAction({ actionName: 'Deploy', bucket: new Bucket(stack, 'Bucket'), input: site })] },
    ],
  });
  const invalidationFunction = new CloudFrontInvalidationFunction(stack, 'InvalidationFunction');
  const stage = new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline,
    distribution,
    paths: InvalidationPaths.changedFiles(site),
    function: invalidationFunction,
  });
  const otherAccount = new Stack(app, 'OtherAccount', { env: { ...env, account: '444455556666' } });
  const inAccountOf = (owner: Stack) =>
    Distribution.fromDistributionAttributes(owner, 'OtherDistribution', { distributionId: 'E2OTHEREXAMPLE', domainName: 'www.example.com' });
  stage.addInvalidation({
    actionName: 'OtherAccount',
    distribution: inAccountOf(stack),
    distributionRole: new CloudFrontInvalidationRole(otherAccount, 'InvalidationRole', {
      distribution: inAccountOf(otherAccount),
      assumedBy: invalidationFunction,
      roleName: 'invalidate',
    }),
  });

  const pipelines = new Stack(app, 'Pipelines', { env });
  const codePipeline = new CodePipeline(pipelines, 'Pipeline', {
    synth: new ShellStep('Synth', { input: CodePipelineSource.s3(new Bucket(pipelines, 'Source'), 'site.zip'), commands: ['npx cdk synth'] }),
  });
  codePipeline.addWave('Wave', {
    post: [new CloudFrontInvalidationStep('Invalidate', {
      distribution: Distribution.fromDistributionAttributes(pipelines, 'Distribution', { distributionId: 'E2QWRUHEXAMPLE', domainName: 'www.example.com' }),
    })],
  });
  codePipeline.buildPipeline();

  return Object.fromEntries([stack, pipelines].map(each => {
    const { Resources } = Template.fromStack(each).toJSON() as { Resources: Record<string, Resource> };
    return [each.node.id, {
      resources: Object.fromEntries(Object.entries(Resources).filter(([id]) => /Invalidat/.test(id))),
      actions: Object.values(Resources).filter(({ Type }) => Type === 'AWS::CodePipeline::Pipeline')
        .flatMap(({ Properties }) => Properties.Stages!.flatMap(({ Actions }) => Actions)).filter(({ ActionTypeId }) => ActionTypeId.Provider === 'Lambda'),
    }];
  }));
}

interface Resource {
  readonly Type: string;
  readonly Properties: { readonly Stages?: { readonly Actions: { readonly ActionTypeId: { readonly Provider: string } }[] }[] };
}

console.log(JSON.stringify({
  none: template({}),
  ...Object.fromEntries(FLAGS.flatMap(flag => [true, false].map(value => [`${flag} ${value}`, template({ [flag]: value })]))),
}));
