import { CfnOutput, CfnParameter, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnDistribution } from 'aws-cdk-lib/aws-cloudfront';
import { CloudFrontInvalidationFunction } from 'cdk-cloudfront-invalidation-stage';
import type { Construct } from 'constructs';

/**
 * The function alone, for a pipeline that is kept elsewhere: in plain CloudFormation, in Terraform or in the console.
 */
export class InvalidationFunctionStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    // A parameter, because the distribution is kept elsewhere, too: a deployment that does not name it fails at once.
    const distributionId = new CfnParameter(this, 'DistributionId', {
      description: 'The distribution that the function invalidates',
      allowedPattern: '[A-Z0-9]+',
      constraintDescription: 'the id of a CloudFront distribution, such as E2QWRUHEXAMPLE',
    });
    const distribution = CfnDistribution.fromDistributionId(this, 'Distribution', distributionId.valueAsString);

    const invalidationFunction = new CloudFrontInvalidationFunction(this, 'InvalidationFunction', { distribution });

    new CfnOutput(this, 'FunctionName', {
      description: 'For the FunctionName of the action',
      value: invalidationFunction.functionName,
      exportName: 'WebsiteInvalidationFunctionName',
    });
    new CfnOutput(this, 'FunctionArn', {
      description: 'For the permission of the pipeline\'s role',
      value: invalidationFunction.functionArn,
      exportName: 'WebsiteInvalidationFunctionArn',
    });
  }
}
