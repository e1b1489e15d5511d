import { ListInvalidationsCommand, GetInvalidationCommand } from '@aws-sdk/client-cloudfront';
import { ListActionExecutionsCommand, PutJobSuccessResultCommand, type ActionExecutionDetail } from '@aws-sdk/client-codepipeline';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { LogLine, Observation, Seen, World } from './world';

/** By then, any run is listed. */
const LONGEST_DELAY = 300_000;

async function history({ codePipeline, outputs }: World, pipelineExecutionId?: string): Promise<ActionExecutionDetail[]> {
  const filter = pipelineExecutionId === undefined ? undefined : { pipelineExecutionId };
  const { actionExecutionDetails } = await codePipeline.send(new ListActionExecutionsCommand({ pipelineName: outputs.PipelineName, filter }));
  return actionExecutionDetails ?? [];
}

const nameOf = ({ stageName, actionName }: ActionExecutionDetail) => `${stageName}.${actionName}`;

/** The runs of an action, as they are listed. */
const runsOf = async (world: World, isAction: (run: ActionExecutionDetail) => boolean) => (await history(world)).filter(isAction);

const isDeployment = (run: ActionExecutionDetail) => nameOf(run) === 'Deploy.Deploy';

const isInvalidation = ({ stageName }: ActionExecutionDetail) => stageName === 'InvalidateCloudFrontCache';

export const CODEPIPELINE: readonly Observation[] = [
  {
    name: 'history-delay',
    observe: async world => {
      const executionId = await world.start();
      let run: ActionExecutionDetail | undefined;
      for (const until = world.now() + LONGEST_DELAY; run === undefined && world.now() < until; await world.sleep(500)) {
        [run] = await history(world, executionId);
      }
      const seconds = (world.now() - Number(run?.startTime)) / 1000;
      await world.ended(executionId);
      return { listed: seconds < 10 ? 'within ten seconds' : 'later' };
    },
  },
  {
    name: 'history-order',
    observe: async world => {
      const starts = (await history(world)).map(({ startTime }) => Number(startTime));
      const [first, last] = [starts[0], starts.at(-1)!];
      return { first: first === last ? 'not known' : first > last ? 'the newest' : 'the oldest' };
    },
  },
  {
    name: 'history-times',
    observe: async world => {
      const times = (await history(world)).flatMap(({ startTime, lastUpdateTime }) => [Number(startTime), Number(lastUpdateTime)]);
      return { unit: times.every(time => time % 1000 === 0) ? 'seconds' : 'milliseconds' };
    },
  },
  {
    name: 'history-without-namespace',
    observe: async world => {
      const [run] = await runsOf(world, candidate => isInvalidation(candidate) && candidate.input?.namespace === undefined);
      return { variables: Object.keys(run?.output?.outputVariables ?? {}).length > 0 ? 'listed' : 'not listed' };
    },
  },
  {
    name: 'history-summary',
    observe: async world => {
      const runs = await runsOf(world, isInvalidation);
      return { summary: runs.every(({ output }) => output?.executionResult?.externalExecutionSummary !== undefined) ? 'listed' : 'not listed' };
    },
  },
  {
    name: 'history-configuration',
    observe: async world => {
      const runs = await runsOf(world, isDeployment);
      return { configuration: runs.every(({ input }) => Object.keys(input?.configuration ?? {}).includes('BucketName')) ? 'listed' : 'not listed' };
    },
  },
  {
    name: 'artifact-keys',
    observe: async world => {
      const runs = await runsOf(world, isDeployment);
      const keys = runs.flatMap(({ input }) => input?.inputArtifacts?.map(({ s3location }) => s3location?.key) ?? []);
      return { executions: runs.length > 1 ? 'some' : String(runs.length), keys: new Set(keys).size === keys.length ? 'one for each' : 'the same for some' };
    },
  },
  {
    name: 'artifact-range',
    observe: async world => {
      const [run] = await runsOf(world, isDeployment);
      const { bucket, key } = run.input!.inputArtifacts![0].s3location!;
      const { ContentRange, ETag } = await world.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: 'bytes=-131072' }));
      return { range: /^bytes 0-\d+\/\d+$/.test(ContentRange ?? '') ? 'all of a short one' : String(ContentRange), etag: ETag !== undefined };
    },
  },
  {
    name: 'continuation',
    observe: async (world): Promise<Seen> => {
      const lines = await world.logs();
      const at = lines.findIndex(({ message, continued }) => message === 'Job received' && continued === true);
      const before = lines.slice(0, Math.max(0, at)).reverse();
      const job = before.find(({ message }) => message === 'Job received');
      if (job === undefined) {
        return { notSeen: 'no job was continued' };
      }
      const isRead = ({ message }: LogLine) => message === 'Artifact read';
      const [read, readAgain] = [before.find(isRead), lines.slice(at).find(isRead)];
      return {
        id: lines[at].jobId === job.jobId ? 'the same' : 'a new one',
        artifact: read === undefined || readAgain === undefined ? 'not known' : read.artifact === readAgain.artifact ? 'in the same place' : 'in another place',
        secondsBetweenJobs: Math.round((Date.parse(String(lines[at].timestamp)) - Date.parse(String(job.timestamp))) / 1000),
      };
    },
  },
  {
    name: 'second-answer',
    observe: async world => {
      const { cloudFront, codePipeline, outputs: { DistributionId } } = world;
      const { InvalidationList } = await cloudFront.send(new ListInvalidationsCommand({ DistributionId }));
      const Id = InvalidationList?.Items?.at(0)?.Id;
      const { Invalidation } = await cloudFront.send(new GetInvalidationCommand({ DistributionId, Id }));
      // The caller reference begins with the id of the job.
      const jobId = Invalidation?.InvalidationBatch?.CallerReference?.slice(0, 36);
      try {
        await codePipeline.send(new PutJobSuccessResultCommand({ jobId }));
        return { answer: 'accepted' };
      } catch (error) {
        return { answer: (error as Error).name };
      }
    },
  },
  {
    name: 'rollback',
    observe: async world => {
      const [first] = (await runsOf(world, isDeployment)).sort((left, right) => Number(left.startTime) - Number(right.startTime));
      const rollback = await world.rollBack(first.pipelineExecutionId!);
      await world.ended(rollback);
      // A stage that comes later would have begun by then, and be listed.
      await world.sleep(60_000);
      const stages = new Set((await history(world, rollback)).map(({ stageName }) => stageName));
      return { stages: [...stages].sort().join(', ') };
    },
  },
];
