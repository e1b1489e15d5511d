import { App, Stack } from 'aws-cdk-lib';
import { CfnPipeline } from 'aws-cdk-lib/aws-codepipeline';
import { CloudFrontInvalidationFunction, CloudFrontInvalidationStage } from '../../src';
import { givenDistribution, givenPipeline } from '../given';

const HOME = { account: '111122223333', region: 'eu-west-1' };

function given(env: { readonly account: string; readonly region: string }) {
  const app = new App({ analyticsReporting: false });
  return { stack: new Stack(app, 'Pipelines', { env: HOME }), fn: new CloudFrontInvalidationFunction(new Stack(app, 'Functions', { env }), 'Fn') };
}

test('a function of another account is refused: it could not report to CodePipeline', () => {
  const { stack, fn } = given({ ...HOME, account: '444455556666' });
  expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline: givenPipeline(stack), distribution: givenDistribution(stack), function: fn,
  })).toThrow(/^function must be in the pipeline's account 111122223333, but .* is in account 444455556666, where it cannot report to CodePipeline/);
});

test('a function of another Region is refused for a plain CloudFormation pipeline, which invokes it in its own', () => {
  const { stack, fn } = given({ ...HOME, region: 'us-east-1' });
  const pipeline = new CfnPipeline(stack, 'Pipeline', { roleArn: 'arn:aws:iam::111122223333:role/pipeline', stages: [] });
  expect(() => new CloudFrontInvalidationStage(stack, 'Invalidate', { pipeline, distribution: givenDistribution(stack), function: fn }))
    .toThrow(/^function must be in eu-west-1, the Region of the CfnPipeline .* is in us-east-1/);
});
