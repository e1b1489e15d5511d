import { CloudFrontClient } from '@aws-sdk/client-cloudfront';
import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { CodePipelineClient, GetPipelineExecutionCommand, RollbackStageCommand, StartPipelineExecutionCommand } from '@aws-sdk/client-codepipeline';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { visit } from './visit';
import type { LogLine, World } from './world';
import type { WebsiteOutputs } from '../integration/website-stack';

const sleep = (milliseconds: number) => new Promise<void>(resolve => setTimeout(resolve, milliseconds));

/** A real account, with whatever credentials the SDK finds. */
export function accountWorld(outputs: WebsiteOutputs): World {
  const region = outputs.Region;
  const [codePipeline, s3, logs] = [new CodePipelineClient({ region }), new S3Client({ region }), new CloudWatchLogsClient({ region })];
  const pipelineName = outputs.PipelineName;
  return {
    outputs,
    cloudFront: new CloudFrontClient({ region: 'us-east-1' }),
    codePipeline,
    s3,
    visit: path => visit(outputs.MirrorUrl + path),
    publish: async (name, content) => {
      await s3.send(new PutObjectCommand({
        Bucket: outputs.BucketName, Key: name, Body: content, ContentType: 'text/html', CacheControl: 'max-age=0, s-maxage=31536000',
      }));
    },
    start: async () => String((await codePipeline.send(new StartPipelineExecutionCommand({ name: pipelineName }))).pipelineExecutionId),
    rollBack: async targetPipelineExecutionId => {
      const rollback = await codePipeline.send(new RollbackStageCommand({ pipelineName, stageName: 'Deploy', targetPipelineExecutionId }));
      return String(rollback.pipelineExecutionId);
    },
    ended: async pipelineExecutionId => {
      let status: string | undefined = 'InProgress';
      while (status === 'InProgress' || status === 'Stopping') {
        await sleep(5_000);
        status = (await codePipeline.send(new GetPipelineExecutionCommand({ pipelineName, pipelineExecutionId }))).pipelineExecution?.status;
      }
    },
    logs: async () => {
      const lines: LogLine[] = [];
      for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, { logGroupName: outputs.HurriedLogGroupName })) {
        // Lambda writes lines of its own among the function's.
        lines.push(...events.filter(({ message }) => message?.startsWith('{')).map(({ message }) => JSON.parse(String(message)) as LogLine));
      }
      return lines;
    },
    now: () => Date.now(),
    sleep,
  };
}
