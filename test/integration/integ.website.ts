/**
 * A website and its pipeline in a real account: the page is in CloudFront's cache, the pipeline deploys another, and once the stage is
 * green, visitors see it. Then test/observations records how AWS behaves where its documentation does not say.
 *
 * `npx projen integ` checks the snapshot; `npx projen integ --update-on-failed` deploys. See CONTRIBUTING.md.
 */
import { ExpectedResult, IntegTest, Match } from '@aws-cdk/integ-tests-alpha';
import { App, Duration } from 'aws-cdk-lib';
import { WebsiteStack } from './website-stack';

const app = new App();
const stack = new WebsiteStack(app, 'CloudFrontInvalidationStageIntegration');
const { website, pipeline, oldPage } = stack;

const { assertions } = new IntegTest(app, 'Website', {
  testCases: [stack],
  // The snapshot is kept without its assets, and cannot be deployed itself.
  stackUpdateWorkflow: false,
  cdkCommandOptions: { deploy: { args: { outputsFile: 'outputs.json' } } },
  // Here and not in a task of its own: afterwards, the stack is gone.
  hooks: { postDeploy: ['npx tsx --tsconfig ../../tsconfig.dev.json ../observations/index.ts'] },
});
const visit = () => assertions.httpApiCall(`https://${website.distributionDomainName}/`);

const before = visit();
before.node.addDependency(oldPage);
before.expect(ExpectedResult.objectLike({ status: 200, body: 'the old page' }));

const open = assertions.awsApiCall('CodePipeline', 'enableStageTransition', {
  pipelineName: pipeline.pipelineName, stageName: 'Deploy', transitionType: 'Inbound',
});
const start = assertions.awsApiCall('CodePipeline', 'startPipelineExecution', { name: pipeline.pipelineName });
const finished = assertions.awsApiCall('CodePipeline', 'getPipelineExecution', {
  pipelineName: pipeline.pipelineName, pipelineExecutionId: start.getAttString('pipelineExecutionId'),
}).expect(ExpectedResult.objectLike({ pipelineExecution: { status: 'Succeeded' } }))
  .waitForAssertions({ totalTimeout: Duration.minutes(20), interval: Duration.seconds(15) });
const invalidated = assertions.awsApiCall('CloudFront', 'listInvalidations', { DistributionId: website.distributionId })
  .expect(ExpectedResult.objectLike({ InvalidationList: { Items: Match.arrayWith([Match.objectLike({ Status: 'Completed' })]) } }));
const after = visit().expect(ExpectedResult.objectLike({ status: 200, body: Match.stringLikeRegexp('the new page') }));

before.next(open).next(start).next(finished).next(invalidated).next(after);
