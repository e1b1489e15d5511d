import { Stack, type StackProps } from 'aws-cdk-lib';
import { CloudFrontInvalidationFunction } from 'cdk-cloudfront-invalidation-stage';
import type { Construct } from 'constructs';

/**
 * In the account of the pipeline: the function, and with it the role that the website's account trusts.
 */
export class InvalidationFunctionStack extends Stack {
  readonly invalidationFunction: CloudFrontInvalidationFunction;

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    this.invalidationFunction = new CloudFrontInvalidationFunction(this, 'InvalidationFunction');
  }
}
