import { App } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { expectCopyable } from './given-example';
import { PipelineStack } from '../../examples/cdk-pipelines/pipeline-stack';
import { Sandbox, type DeployedStack } from '../../sandbox';
import type { SynthesizedStage } from '../expect';

const TOOLS = { account: '123456789012', region: 'eu-west-1' };
const PRODUCTION = { account: '210987654321', region: 'eu-west-1' };

test('it can be copied', () => expectCopyable('cdk-pipelines'));

describe('deployed to two accounts of the sandbox', () => {
  let sandbox: Sandbox;
  let pipeline: string;
  let stages: SynthesizedStage[];
  let warnings: object[];
  /** Of the variables that the deployment of a stack puts out, by the stack's name. */
  let namespaces: Map<unknown, string | undefined>;
  const websites: Record<string, DeployedStack> = {};

  beforeAll(async () => {
    const app = new App({ analyticsReporting: false });
    const stack = new PipelineStack(app, 'WebsitePipeline', {
      env: TOOLS, productionEnv: PRODUCTION, repository: 'owner/website', connectionArn: 'arn:aws:codeconnections:eu-west-1:123456789012:connection/1',
    });
    const assembly = app.synth();
    sandbox = await Sandbox.start({ timeScale: 20 });
    const { template: pipelineTemplate, stackName: pipelineStackName } = assembly.getStackArtifact(stack.artifactId);
    const deployed = sandbox.deploy(pipelineTemplate, { stackName: pipelineStackName, assetsDirectory: assembly.directory });
    const [{ physicalId, properties }] = deployed.resourcesOfType('AWS::CodePipeline::Pipeline');
    pipeline = physicalId;
    stages = properties.Stages as SynthesizedStage[];
    warnings = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('cdk-cloudfront-invalidation-stage:'));
    namespaces = new Map(stages.flatMap(({ Actions }) => Actions)
      .filter(({ Configuration }) => Configuration.ActionMode === 'CHANGE_SET_EXECUTE')
      .map(({ Configuration, Namespace }) => [Configuration.StackName, Namespace]));
    for (const [name, { account }] of Object.entries({ Staging: TOOLS, North: PRODUCTION, South: PRODUCTION })) {
      const [{ template, stackName }] = assembly.getNestedAssembly(`assembly-WebsitePipeline-${name}`).stacks;
      websites[name] = sandbox.deploy(template, { stackName, account, assetsDirectory: assembly.directory });
    }
  });

  afterAll(() => sandbox.stop());

  /** Runs the steps of a wave; what the deployments before them put out, the sandbox is told. */
  function run(wave: string) {
    const variables = Object.entries(websites).map(([name, { outputs }]) => [`${namespaces.get(`${name}-Website`)}.DistributionId`, outputs.DistributionId]);
    return sandbox.codePipeline.startStage({ pipeline, stage: wave, variables: Object.fromEntries(variables) }).finished;
  }

  function callersOf(name: string): (string | undefined)[] {
    return sandbox.requests.filter(({ operation, input }) => operation === 'CreateInvalidation' && input.DistributionId === websites[name].outputs.DistributionId)
      .map(({ principal }) => principal);
  }

  test('in staging, the invalidation runs after the step that copies the drafts', () => {
    const { Actions } = stages.find(({ Name }) => Name === 'Staging')!;
    const [copy, invalidation] = ['CopyDrafts', 'Invalidate'].map(name => Actions.find(({ Name }) => Name === name)?.RunOrder);
    expect(invalidation).toBe(copy! + 1);
    expect(warnings).toEqual([]);
  });

  test('staging is invalidated by the function itself, which gets the id from the output of the deployed stack', async () => {
    const [action] = await run('Staging');
    expect(action).toMatchObject({ status: 'Succeeded', outputVariables: { distributionId: websites.Staging.outputs.DistributionId } });
    expect(callersOf('Staging')).toEqual([expect.stringMatching(/^websitepipeline.*functionrole/)]);
  });

  test('production is invalidated by the roles of its websites, each its own', async () => {
    const actions = await run('Production');
    expect(actions).toMatchObject([
      { actionName: 'North.Invalidate', status: 'Succeeded', outputVariables: { distributionId: websites.North.outputs.DistributionId } },
      { actionName: 'South.Invalidate', status: 'Succeeded', outputVariables: { distributionId: websites.South.outputs.DistributionId } },
    ]);
    expect([callersOf('North'), callersOf('South')]).toEqual([['North-invalidation'], ['South-invalidation']]);
  });
});
