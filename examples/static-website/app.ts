import { App } from 'aws-cdk-lib';
import { PipelineStack } from './pipeline-stack';
import { WebsiteStack } from './website-stack';

const app = new App();
const website = new WebsiteStack(app, 'Website');
new PipelineStack(app, 'WebsitePipeline', { website });
