// The same three calls as the shipped function's, with the SDK as the Lambda runtime brings it: not bundled.
import { CloudFrontClient, CreateInvalidationCommand, GetInvalidationCommand } from '@aws-sdk/client-cloudfront';
import { CodePipelineClient, PutJobSuccessResultCommand } from '@aws-sdk/client-codepipeline';

const cloudFront = new CloudFrontClient();
const codePipeline = new CodePipelineClient();

export async function handler(event) {
  const { id: jobId, data } = event['CodePipeline.job'];
  const { distributionId: DistributionId } = JSON.parse(data.actionConfiguration.configuration.UserParameters);
  const { Invalidation } = await cloudFront.send(new CreateInvalidationCommand({
    DistributionId, InvalidationBatch: { CallerReference: jobId, Paths: { Quantity: 1, Items: ['/*'] } },
  }));
  await cloudFront.send(new GetInvalidationCommand({ DistributionId, Id: Invalidation.Id }));
  await codePipeline.send(new PutJobSuccessResultCommand({ jobId }));
}
