import { App } from 'aws-cdk-lib';
import { PipelineStack } from './pipeline-stack';
import { WebsitesStack } from './websites-stack';

const app = new App();
const websites = new WebsitesStack(app, 'Websites');
new PipelineStack(app, 'WebsitesPipeline', { websites });
