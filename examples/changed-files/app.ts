import { App } from 'aws-cdk-lib';
import { DocumentationStack } from './documentation-stack';

new DocumentationStack(new App(), 'Documentation');
