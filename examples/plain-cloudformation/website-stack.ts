import { join } from 'path';
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { CfnDistribution } from 'aws-cdk-lib/aws-cloudfront';
import type { CfnPipeline } from 'aws-cdk-lib/aws-codepipeline';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { CloudFrontInvalidationStage } from 'cdk-cloudfront-invalidation-stage';
import type { Construct } from 'constructs';

/**
 * The template as it is, and the stage that it lacks.
 */
export class WebsiteStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);

    const template = new CfnInclude(this, 'Template', { templateFile: join(__dirname, 'template.yaml') });

    new CloudFrontInvalidationStage(this, 'Invalidate', {
      pipeline: template.getResource('Pipeline') as CfnPipeline,
      distribution: template.getResource('Website') as CfnDistribution,
      justAfterStage: 'Deploy',
    });
  }
}
