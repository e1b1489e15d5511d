"""The function that people copy: it starts an invalidation, and does not wait for it."""
import json

import boto3

cloudfront = boto3.client("cloudfront")
codepipeline = boto3.client("codepipeline")


def handler(event, context):
    job = event["CodePipeline.job"]
    try:
        parameters = json.loads(job["data"]["actionConfiguration"]["configuration"]["UserParameters"])
        cloudfront.create_invalidation(
            DistributionId=parameters["distributionId"],
            InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": job["id"]},
        )
    except Exception as error:
        codepipeline.put_job_failure_result(jobId=job["id"], failureDetails={"type": "JobFailed", "message": str(error)})
    else:
        codepipeline.put_job_success_result(jobId=job["id"])
