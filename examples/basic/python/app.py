from aws_cdk import App, Duration, Stack
from aws_cdk.aws_cloudfront import BehaviorOptions, Distribution
from aws_cdk.aws_cloudfront_origins import S3BucketOrigin
from aws_cdk.aws_codepipeline import Artifact, Pipeline, PipelineType, StageProps
from aws_cdk.aws_codepipeline_actions import S3DeployAction, S3SourceAction
from aws_cdk.aws_s3 import Bucket
from cdk_cloudfront_invalidation_stage import (
    CloudFrontInvalidationFunction,
    CloudFrontInvalidationRole,
    CloudFrontInvalidationStage,
    InvalidationFailurePolicy,
    InvalidationPaths,
)
from constructs import Construct


class BasicStack(Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)

        source = Bucket(self, "Source", versioned=True, enforce_ssl=True)
        website = Bucket(self, "Website", enforce_ssl=True)
        documentation = Bucket(self, "Documentation", enforce_ssl=True)
        website_distribution = Distribution(
            self,
            "WebsiteDistribution",
            default_behavior=BehaviorOptions(origin=S3BucketOrigin.with_origin_access_control(website)),
        )
        documentation_distribution = Distribution(
            self,
            "DocumentationDistribution",
            default_behavior=BehaviorOptions(origin=S3BucketOrigin.with_origin_access_control(documentation)),
        )

        site = Artifact("Site")
        pipeline = Pipeline(
            self,
            "Pipeline",
            pipeline_type=PipelineType.V2,
            cross_account_keys=False,
            stages=[
                StageProps(
                    stage_name="Source",
                    actions=[S3SourceAction(action_name="Source", bucket=source, bucket_key="site.zip", output=site)],
                ),
                StageProps(
                    stage_name="Deploy",
                    actions=[
                        S3DeployAction(action_name="Website", bucket=website, input=site),
                        S3DeployAction(action_name="Documentation", bucket=documentation, input=site),
                    ],
                ),
            ],
        )

        invalidation_function = CloudFrontInvalidationFunction(self, "InvalidationFunction")
        stage = CloudFrontInvalidationStage(
            self,
            "Invalidate",
            pipeline=pipeline,
            distribution=website_distribution,
            paths=InvalidationPaths.of("/index.html", "/blog/*"),
            function=invalidation_function,
        )

        # As for a distribution of another account: a role there, which the function assumes.
        invalidation_role = CloudFrontInvalidationRole(
            self,
            "InvalidationRole",
            distribution=documentation_distribution,
            assumed_by=invalidation_function,
        )
        stage.add_invalidation(
            distribution=documentation_distribution,
            distribution_role=invalidation_role,
            failure_policy=InvalidationFailurePolicy.WARN,
            timeout=Duration.minutes(10),
        )


app = App()
BasicStack(app, "Basic")
app.synth()
