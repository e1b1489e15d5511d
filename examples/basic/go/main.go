package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodepipeline"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodepipelineactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	invalidation "github.com/cdk-cloudfront-invalidation-stage/cdk-cloudfront-invalidation-stage-go/cdkcloudfrontinvalidationstage"
)

func NewBasicStack(scope constructs.Construct, id string) awscdk.Stack {
	stack := awscdk.NewStack(scope, &id, nil)

	source := awss3.NewBucket(stack, jsii.String("Source"), &awss3.BucketProps{Versioned: jsii.Bool(true), EnforceSSL: jsii.Bool(true)})
	website := awss3.NewBucket(stack, jsii.String("Website"), &awss3.BucketProps{EnforceSSL: jsii.Bool(true)})
	documentation := awss3.NewBucket(stack, jsii.String("Documentation"), &awss3.BucketProps{EnforceSSL: jsii.Bool(true)})
	websiteDistribution := newDistribution(stack, "WebsiteDistribution", website)
	documentationDistribution := newDistribution(stack, "DocumentationDistribution", documentation)

	site := awscodepipeline.NewArtifact(jsii.String("Site"), nil)
	pipeline := awscodepipeline.NewPipeline(stack, jsii.String("Pipeline"), &awscodepipeline.PipelineProps{
		PipelineType:     awscodepipeline.PipelineType_V2,
		CrossAccountKeys: jsii.Bool(false),
		Stages: &[]*awscodepipeline.StageProps{
			{
				StageName: jsii.String("Source"),
				Actions: &[]awscodepipeline.IAction{
					awscodepipelineactions.NewS3SourceAction(&awscodepipelineactions.S3SourceActionProps{
						ActionName: jsii.String("Source"),
						Bucket:     source,
						BucketKey:  jsii.String("site.zip"),
						Output:     site,
					}),
				},
			},
			{
				StageName: jsii.String("Deploy"),
				Actions: &[]awscodepipeline.IAction{
					newDeployment("Website", website, site),
					newDeployment("Documentation", documentation, site),
				},
			},
		},
	})

	invalidationFunction := invalidation.NewCloudFrontInvalidationFunction(stack, jsii.String("InvalidationFunction"), nil)
	invalidationStage := invalidation.NewCloudFrontInvalidationStage(stack, jsii.String("Invalidate"), &invalidation.CloudFrontInvalidationStageProps{
		Pipeline:     pipeline,
		Distribution: websiteDistribution,
		Paths:        invalidation.InvalidationPaths_Of(jsii.String("/index.html"), jsii.String("/blog/*")),
		Function:     invalidationFunction,
	})

	// As for a distribution of another account: a role there, which the function assumes.
	invalidationRole := invalidation.NewCloudFrontInvalidationRole(stack, jsii.String("InvalidationRole"), &invalidation.CloudFrontInvalidationRoleProps{
		Distribution: documentationDistribution,
		AssumedBy:    invalidationFunction,
	})
	invalidationStage.AddInvalidation(&invalidation.AddInvalidationOptions{
		Distribution:     documentationDistribution,
		DistributionRole: invalidationRole,
		FailurePolicy:    invalidation.InvalidationFailurePolicy_WARN,
		Timeout:          awscdk.Duration_Minutes(jsii.Number(10)),
	})

	return stack
}

func newDistribution(scope constructs.Construct, id string, bucket awss3.IBucket) awscloudfront.Distribution {
	return awscloudfront.NewDistribution(scope, &id, &awscloudfront.DistributionProps{
		DefaultBehavior: &awscloudfront.BehaviorOptions{
			Origin: awscloudfrontorigins.S3BucketOrigin_WithOriginAccessControl(bucket, nil),
		},
	})
}

func newDeployment(actionName string, bucket awss3.IBucket, site awscodepipeline.Artifact) awscodepipelineactions.S3DeployAction {
	return awscodepipelineactions.NewS3DeployAction(&awscodepipelineactions.S3DeployActionProps{
		ActionName: &actionName,
		Bucket:     bucket,
		Input:      site,
	})
}

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)
	NewBasicStack(app, "Basic")
	app.Synth(nil)
}
