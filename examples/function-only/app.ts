import { App } from 'aws-cdk-lib';
import { InvalidationFunctionStack } from './invalidation-function-stack';

new InvalidationFunctionStack(new App(), 'WebsiteInvalidation');
