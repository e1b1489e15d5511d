import { App } from 'aws-cdk-lib';
import { PipelineStack } from './pipeline-stack';

const app = new App();
const context = (name: string) => String(app.node.getContext(name));
const region = context('region');

new PipelineStack(app, 'WebsitePipeline', {
  env: { account: context('toolsAccount'), region },
  productionEnv: { account: context('productionAccount'), region },
  repository: context('repository'),
  connectionArn: context('connectionArn'),
});
