package com.myorg;

import io.github.cdkcloudfrontinvalidationstage.CloudFrontInvalidationFunction;
import io.github.cdkcloudfrontinvalidationstage.CloudFrontInvalidationRole;
import io.github.cdkcloudfrontinvalidationstage.CloudFrontInvalidationStage;
import io.github.cdkcloudfrontinvalidationstage.AddInvalidationOptions;
import io.github.cdkcloudfrontinvalidationstage.InvalidationFailurePolicy;
import io.github.cdkcloudfrontinvalidationstage.InvalidationPaths;
import java.util.List;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;
import software.amazon.awscdk.services.cloudfront.BehaviorOptions;
import software.amazon.awscdk.services.cloudfront.Distribution;
import software.amazon.awscdk.services.cloudfront.origins.S3BucketOrigin;
import software.amazon.awscdk.services.codepipeline.Artifact;
import software.amazon.awscdk.services.codepipeline.Pipeline;
import software.amazon.awscdk.services.codepipeline.PipelineType;
import software.amazon.awscdk.services.codepipeline.StageProps;
import software.amazon.awscdk.services.codepipeline.actions.S3DeployAction;
import software.amazon.awscdk.services.codepipeline.actions.S3SourceAction;
import software.amazon.awscdk.services.s3.Bucket;
import software.constructs.Construct;

public class BasicStack extends Stack {
    public BasicStack(final Construct scope, final String id) {
        super(scope, id);

        Bucket source = Bucket.Builder.create(this, "Source").versioned(true).enforceSsl(true).build();
        Bucket website = Bucket.Builder.create(this, "Website").enforceSsl(true).build();
        Bucket documentation = Bucket.Builder.create(this, "Documentation").enforceSsl(true).build();
        Distribution websiteDistribution = distribution("WebsiteDistribution", website);
        Distribution documentationDistribution = distribution("DocumentationDistribution", documentation);

        Artifact site = new Artifact("Site");
        Pipeline pipeline = Pipeline.Builder.create(this, "Pipeline")
                .pipelineType(PipelineType.V2)
                .crossAccountKeys(false)
                .stages(List.of(
                        StageProps.builder()
                                .stageName("Source")
                                .actions(List.of(S3SourceAction.Builder.create()
                                        .actionName("Source")
                                        .bucket(source)
                                        .bucketKey("site.zip")
                                        .output(site)
                                        .build()))
                                .build(),
                        StageProps.builder()
                                .stageName("Deploy")
                                .actions(List.of(
                                        deployment("Website", website, site),
                                        deployment("Documentation", documentation, site)))
                                .build()))
                .build();

        CloudFrontInvalidationFunction invalidationFunction =
                new CloudFrontInvalidationFunction(this, "InvalidationFunction");
        CloudFrontInvalidationStage stage = CloudFrontInvalidationStage.Builder.create(this, "Invalidate")
                .pipeline(pipeline)
                .distribution(websiteDistribution)
                .paths(InvalidationPaths.of("/index.html", "/blog/*"))
                .function(invalidationFunction)
                .build();

        // As for a distribution of another account: a role there, which the function assumes.
        CloudFrontInvalidationRole invalidationRole = CloudFrontInvalidationRole.Builder.create(this, "InvalidationRole")
                .distribution(documentationDistribution)
                .assumedBy(invalidationFunction)
                .build();
        stage.addInvalidation(AddInvalidationOptions.builder()
                .distribution(documentationDistribution)
                .distributionRole(invalidationRole)
                .failurePolicy(InvalidationFailurePolicy.WARN)
                .timeout(Duration.minutes(10))
                .build());
    }

    private Distribution distribution(final String id, final Bucket bucket) {
        return Distribution.Builder.create(this, id)
                .defaultBehavior(BehaviorOptions.builder()
                        .origin(S3BucketOrigin.withOriginAccessControl(bucket))
                        .build())
                .build();
    }

    private static S3DeployAction deployment(final String actionName, final Bucket bucket, final Artifact site) {
        return S3DeployAction.Builder.create().actionName(actionName).bucket(bucket).input(site).build();
    }
}
