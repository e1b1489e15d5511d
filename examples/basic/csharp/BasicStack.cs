using Amazon.CDK;
using Amazon.CDK.AWS.CloudFront;
using Amazon.CDK.AWS.CloudFront.Origins;
using Amazon.CDK.AWS.CodePipeline;
using Amazon.CDK.AWS.CodePipeline.Actions;
using Amazon.CDK.AWS.S3;
using CdkCloudFrontInvalidationStage;
using Constructs;

namespace Basic
{
    public class BasicStack : Stack
    {
        public BasicStack(Construct scope, string id) : base(scope, id)
        {
            var source = new Bucket(this, "Source", new BucketProps { Versioned = true, EnforceSSL = true });
            var website = new Bucket(this, "Website", new BucketProps { EnforceSSL = true });
            var documentation = new Bucket(this, "Documentation", new BucketProps { EnforceSSL = true });
            var websiteDistribution = new Distribution(this, "WebsiteDistribution", new DistributionProps
            {
                DefaultBehavior = new BehaviorOptions { Origin = S3BucketOrigin.WithOriginAccessControl(website) },
            });
            var documentationDistribution = new Distribution(this, "DocumentationDistribution", new DistributionProps
            {
                DefaultBehavior = new BehaviorOptions { Origin = S3BucketOrigin.WithOriginAccessControl(documentation) },
            });

            var site = new Artifact("Site");
            var pipeline = new Pipeline(this, "Pipeline", new PipelineProps
            {
                PipelineType = PipelineType.V2,
                CrossAccountKeys = false,
                Stages = new[]
                {
                    new Amazon.CDK.AWS.CodePipeline.StageProps
                    {
                        StageName = "Source",
                        Actions = new[]
                        {
                            new S3SourceAction(new S3SourceActionProps
                            {
                                ActionName = "Source",
                                Bucket = source,
                                BucketKey = "site.zip",
                                Output = site,
                            }),
                        },
                    },
                    new Amazon.CDK.AWS.CodePipeline.StageProps
                    {
                        StageName = "Deploy",
                        Actions = new[]
                        {
                            new S3DeployAction(new S3DeployActionProps { ActionName = "Website", Bucket = website, Input = site }),
                            new S3DeployAction(new S3DeployActionProps { ActionName = "Documentation", Bucket = documentation, Input = site }),
                        },
                    },
                },
            });

            var invalidationFunction = new CloudFrontInvalidationFunction(this, "InvalidationFunction");
            var stage = new CloudFrontInvalidationStage(this, "Invalidate", new CloudFrontInvalidationStageProps
            {
                Pipeline = pipeline,
                Distribution = websiteDistribution,
                Paths = InvalidationPaths.Of("/index.html", "/blog/*"),
                Function = invalidationFunction,
            });

            // As for a distribution of another account: a role there, which the function assumes.
            var invalidationRole = new CloudFrontInvalidationRole(this, "InvalidationRole", new CloudFrontInvalidationRoleProps
            {
                Distribution = documentationDistribution,
                AssumedBy = invalidationFunction,
            });
            stage.AddInvalidation(new AddInvalidationOptions
            {
                Distribution = documentationDistribution,
                DistributionRole = invalidationRole,
                FailurePolicy = InvalidationFailurePolicy.WARN,
                Timeout = Duration.Minutes(10),
            });
        }
    }
}
