import { App } from 'aws-cdk-lib';
import { InvalidationFunctionStack } from './invalidation-function-stack';
import { PipelineStack } from './pipeline-stack';
import { WebsiteStack } from './website-stack';

const app = new App();
const context = (name: string) => String(app.node.getContext(name));
const region = context('region');
const pipelineEnv = { account: context('pipelineAccount'), region };
const websiteEnv = { account: context('websiteAccount'), region };

// Three stacks, in the order of their deployment: the role in the website's account trusts the function, and the pipeline needs both.
const invalidation = new InvalidationFunctionStack(app, 'WebsiteInvalidation', { env: pipelineEnv });
const { invalidationFunction } = invalidation;
const website = new WebsiteStack(app, 'Website', { env: websiteEnv, invalidationFunction });
website.node.addDependency(invalidation);
new PipelineStack(app, 'WebsitePipeline', {
  env: pipelineEnv,
  invalidationFunction,
  website,
  // No stack can refer to what another account's stack will create: the output of Website goes here.
  distributionId: context('distributionId'),
});
