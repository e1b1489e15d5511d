import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { LoggingFormat } from 'aws-cdk-lib/aws-lambda';
import { givenDistribution, givenDistributionTenant, givenPipeline } from './given';
import { Sandbox, type ActionExecution, type Distribution } from '../sandbox';
import { CloudFrontInvalidationFunction, CloudFrontInvalidationStage, type CloudFrontInvalidationOptions } from '../src';

/** The sandbox's time runs this much faster than ours: slower where AWS's client runs, faster where functions are no processes of their own. */
const TIME_SCALE = Number(process.env.TEST_TIME_SCALE ?? 20);

export interface WorldOptions extends Partial<CloudFrontInvalidationOptions> {
  /** Whether the stage is for a tenant instead of a distribution. */
  readonly tenant?: boolean;
  /** The time-out of the function. @default - the construct's own */
  readonly functionTimeout?: Duration;
  readonly loggingFormat?: LoggingFormat;
}

/** A deployed pipeline with the stage, and what a test looks at. */
export interface World {
  readonly sandbox: Sandbox;
  readonly distribution: Distribution;
  readonly pipelineName: string;
  readonly functionName: string;
  /** Runs the stage as it was synthesised. */
  runStage(variables?: Record<string, string>): Promise<ActionExecution>;
  /** Runs the function with parameters of any kind: an object for this distribution, or a text as it is. */
  runAction(userParameters?: object | string, continuationToken?: string): Promise<ActionExecution>;
  /** The API requests of one kind, in order. */
  requests(operation: string): Sandbox['requests'];
  /** Every line that the function wrote, parsed. */
  logs(): Record<string, unknown>[];
}

const worlds: World[] = [];

/**
 * Synthesises the smallest app that has the stage, and deploys it to a sandbox of its own.
 *
 * @param timeScale smaller where a moment matters that others on the machine may take
 */
export async function givenWorld(options: WorldOptions = {}, timeScale = TIME_SCALE): Promise<World> {
  const { template, directory } = synthesize(options);
  const sandbox = await Sandbox.start({ timeScale });
  const deployed = sandbox.deploy(template, { stackName: 'Website', assetsDirectory: directory });
  const distribution = sandbox.cloudFront.distribution(deployed.outputs.DistributionId);
  Object.assign(distribution.settings, { takesEffectAfter: 1_000, completesAfter: 3_000 });
  sandbox.codePipeline.delivery.continuationInterval = 5_000;
  const [pipelineName] = deployed.resourcesOfType('AWS::CodePipeline::Pipeline').map(({ physicalId }) => physicalId);
  const [functionName] = deployed.resourcesOfType('AWS::Lambda::Function').map(({ physicalId }) => physicalId);
  const world: World = {
    sandbox,
    distribution,
    pipelineName,
    functionName,
    runStage: async variables => {
      const [action] = await sandbox.codePipeline.startStage({ pipeline: pipelineName, stage: 'InvalidateCloudFrontCache', variables }).finished;
      return action;
    },
    runAction: (userParameters, continuationToken) => sandbox.codePipeline.startAction({
      functionName,
      userParameters: typeof userParameters === 'object' ? JSON.stringify({ distributionId: distribution.id, ...userParameters }) : userParameters,
      continuationToken,
    }).finished,
    requests: operation => sandbox.requests.filter(request => request.operation === operation),
    logs: () => linesOf(sandbox).map(line => JSON.parse(line) as Record<string, unknown>),
  };
  worlds.push(world);
  return world;
}

interface Assembly {
  readonly template: object;
  readonly directory: string;
}

const assemblies = new Map<string, Assembly>();

/** Each app once: many tests differ only in what goes wrong. */
function synthesize(options: WorldOptions): Assembly {
  const key = JSON.stringify({ ...options, timeout: options.timeout?.toSeconds(), functionTimeout: options.functionTimeout?.toSeconds() });
  const assembly = assemblies.get(key) ?? synthesizeAnew(options);
  assemblies.set(key, assembly);
  return assembly;
}

function synthesizeAnew({ functionTimeout, loggingFormat, tenant, ...options }: WorldOptions): Assembly {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'Website');
  const distribution = givenDistribution(stack);
  const distributionTenant = givenDistributionTenant(stack);
  new CloudFrontInvalidationStage(stack, 'Invalidate', {
    pipeline: givenPipeline(stack, { crossAccountKeys: false }),
    ...(tenant ? { distributionTenant } : { distribution }),
    function: new CloudFrontInvalidationFunction(stack, 'Fn', { distribution, timeout: functionTimeout, loggingFormat }),
    ...options,
  });
  new CfnOutput(stack, 'DistributionId', { value: tenant ? distributionTenant.ref : distribution.distributionId });
  const assembly = app.synth();
  return { template: assembly.getStackByName('Website').template, directory: assembly.directory };
}

/** What functions have written, without what Lambda's client says of an error. */
export function linesOf(sandbox: Sandbox): string[] {
  return sandbox.lambda.invocations.flatMap(({ logs }) => logs).filter(line => !/^\S+\t\S+\tERROR\tInvoke Error \t/.test(line));
}

/** To be called after all tests: no process and no socket is left behind, and no process has ended by itself. */
export async function stopWorlds(): Promise<void> {
  const sandboxes = worlds.splice(0).map(({ sandbox }) => sandbox);
  await Promise.all(sandboxes.map(sandbox => sandbox.stop()));
  // A rejection that nobody handles ends a process.
  expect(sandboxes.flatMap(({ lambda }) => lambda.exits)).toEqual([]);
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

/** Whatever CodePipeline was told on the way, one answer ended the action. */
/** Says what went wrong, if it did. */
export function expectGreen({ status, errorDetails }: ActionExecution): void {
  expect({ status, errorDetails }).toEqual({ status: 'Succeeded', errorDetails: undefined });
}

export function expectOneTerminalReport(action: ActionExecution): void {
  expect(action.reports.filter(({ refused, input }) => refused === undefined && input.continuationToken === undefined)).toHaveLength(1);
}
