import { join } from 'path';
import { App, CfnOutput, Duration, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Artifact, type IStage } from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { stagesOf } from './expect';
import { givenDistribution, givenDistributionTenant } from './given';
import {
  CloudFrontInvalidationAction, CloudFrontInvalidationFunction, CloudFrontInvalidationRole, CloudFrontInvalidationStep,
  InvalidationFailurePolicy, InvalidationPaths,
} from '../src';

const ENV = { account: '111122223333', region: 'eu-west-1' };

/** A site that the pipeline deploys. */
class WebsiteStage extends Stage {
  readonly website: Stack;
  readonly distributionIdOutput: CfnOutput;

  constructor(app: App, id: string, env = ENV) {
    super(app, id, { env });
    const stack = this.website = new Stack(this, 'Website');
    this.distributionIdOutput = new CfnOutput(stack, 'DistributionId', { value: givenDistribution(stack).distributionId });
  }
}

interface Given {
  readonly app: App;
  readonly stack: Stack;
  readonly pipeline: pipelines.CodePipeline;
}

function givenCdkPipeline(props: Partial<pipelines.CodePipelineProps> = {}): Given {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, 'PipelineStack', { env: ENV });
  const pipeline = new pipelines.CodePipeline(stack, 'CdkPipeline', {
    synth: new pipelines.ShellStep('Synth', {
      input: pipelines.CodePipelineSource.connection('owner/website', 'main', {
        connectionArn: 'arn:aws:codestar-connections:eu-west-1:111122223333:connection/id',
      }),
      commands: ['npx cdk synth'],
    }),
    ...props,
  });
  return { app, stack, pipeline };
}

function warningsOf(stack: Stack, id = 'runOrder'): string[] {
  return Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp(`\\[ack: cdk-cloudfront-invalidation-stage:${id}\\]`)).map(({ entry }) => String(entry.data));
}

/** The actions that invoke a function, with their stage. */
function invalidationsOf(stack: Stack) {
  return stagesOf(stack).flatMap(stage => stage.Actions
    .filter(({ ActionTypeId }) => ActionTypeId.Category === 'Invoke')
    .map(({ Name, RunOrder, Configuration }) => ({
      stage: stage.Name, name: Name, runOrder: RunOrder, parameters: JSON.parse(String(Configuration.UserParameters)),
    })));
}

test('after a deployed stage: the id comes from its output', () => {
  // GIVEN
  const { app, stack, pipeline } = givenCdkPipeline();
  const website = new WebsiteStage(app, 'Production');

  // WHEN
  pipeline.addStage(website, { post: [new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput: website.distributionIdOutput })] });

  // THEN
  const [invalidation] = invalidationsOf(stack);
  const deployment = stagesOf(stack).find(({ Name }) => Name === 'Production')!.Actions.find(({ Name }) => Name.includes('Deploy'))!;
  expect(invalidation).toMatchObject({ stage: 'Production', name: 'Invalidate' });
  expect(invalidation.parameters.distributionId).toBe(`#{${deployment.Namespace}.DistributionId}`);
  expect(invalidation.runOrder).toBeGreaterThan(deployment.RunOrder!);
});

test('with an id that is known when the pipeline runs, the function may invalidate the distributions of its account', () => {
  const { app, stack, pipeline } = givenCdkPipeline();
  const website = new WebsiteStage(app, 'Production');
  pipeline.addStage(website, { post: [new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput: website.distributionIdOutput })] });
  pipeline.buildPipeline();
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([Match.objectLike({
        Action: Match.arrayWith(['cloudfront:CreateInvalidation']),
        Resource: [{ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':cloudfront::111122223333:distribution/*']] }],
      })]),
    },
  });
});

test('with a distribution of the app itself, it may invalidate that one', () => {
  // GIVEN
  const { app, stack, pipeline } = givenCdkPipeline();
  const distribution = givenDistribution(new Stack(app, 'Website', { env: ENV }));

  // WHEN
  pipeline.addWave('Everywhere', { post: [new CloudFrontInvalidationStep('Invalidate', { distribution })] });

  // THEN
  pipeline.buildPipeline();
  expect(JSON.stringify(Template.fromStack(stack).toJSON())).not.toContain('distribution/*');
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['cloudfront:CreateInvalidation']) })]) },
  });
});

test('with a distribution tenant', () => {
  const { app, stack, pipeline } = givenCdkPipeline();
  const distributionTenant = givenDistributionTenant(new Stack(app, 'Website', { env: ENV }));
  pipeline.addWave('Everywhere', { post: [new CloudFrontInvalidationStep('Invalidate', { distributionTenant })] });
  pipeline.buildPipeline();
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(['cloudfront:CreateInvalidationForDistributionTenant']) })]) },
  });
});

describe('in another account', () => {
  const WEBSITE_ENV = { account: '444455556666', region: 'us-east-1' };

  function givenWebsiteElsewhere(app: App, invalidationFunction: CloudFrontInvalidationFunction, roleName?: string) {
    const stage = new Stage(app, 'Production', { env: WEBSITE_ENV });
    const website = new Stack(stage, 'Website');
    const distribution = givenDistribution(website);
    return {
      stage,
      website,
      distributionIdOutput: new CfnOutput(website, 'DistributionId', { value: distribution.distributionId }),
      distributionRole: new CloudFrontInvalidationRole(website, 'InvalidationRole', { distribution, assumedBy: invalidationFunction, roleName }),
    };
  }

  test('the function may assume the role of the deployed stage, which trusts it, and may invalidate nothing by itself', () => {
    // GIVEN
    const { app, stack, pipeline } = givenCdkPipeline({ crossAccountKeys: true });
    const invalidationFunction = new CloudFrontInvalidationFunction(stack, 'InvalidationFunction');
    const { stage, website, distributionIdOutput, distributionRole } = givenWebsiteElsewhere(app, invalidationFunction, 'invalidate-website');

    // WHEN
    pipeline.addStage(stage, {
      post: [new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput, distributionRole, function: invalidationFunction })],
    });

    // THEN
    const assembly = app.synth();
    const template = Template.fromJSON(assembly.getStackArtifact(stack.artifactId).template);
    const roleArn = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::444455556666:role/invalidate-website']] };
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: [roleArn] }]) },
    });
    expect(JSON.stringify(template.toJSON())).not.toContain('cloudfront:');
    const [functionRole] = Object.values(template.findResources('AWS::IAM::Role', { Properties: { Description: Match.stringLikeRegexp('Invalidates') } }));
    Template.fromJSON(assembly.getNestedAssembly('assembly-Production').getStackArtifact(website.artifactId).template).hasResourceProperties('AWS::IAM::Role', {
      RoleName: 'invalidate-website',
      AssumeRolePolicyDocument: {
        Statement: [{ Principal: { AWS: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:iam::111122223333:role/${functionRole.Properties.RoleName}`]] } } }],
      },
    });
    expect(functionRole.Properties.RoleName).toEqual(expect.any(String));
  });

  test('a role without a name is refused: the stage is synthesised before the pipeline, which could not know it', () => {
    const { app, stack, pipeline } = givenCdkPipeline({ crossAccountKeys: true });
    const { stage, distributionIdOutput, distributionRole } = givenWebsiteElsewhere(app, new CloudFrontInvalidationFunction(stack, 'InvalidationFunction'));
    pipeline.addStage(stage, { post: [new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput, distributionRole })] });
    expect(() => pipeline.buildPipeline()).toThrow("distributionRole must have a roleName, because another Stage than the pipeline's deploys 'Production/Website/InvalidationRole'");
  });
});

test('two steps of one name in different stages, and two in one wave, do not collide', () => {
  // GIVEN
  const { app, stack, pipeline } = givenCdkPipeline();
  const step = (website: WebsiteStage) => new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput: website.distributionIdOutput });

  // WHEN
  const [staging, ...others] = ['Staging', 'Europe', 'America'].map(id => new WebsiteStage(app, id));
  pipeline.addStage(staging, { post: [step(staging)] });
  const wave = pipeline.addWave('Production');
  others.forEach(website => wave.addStage(website, { post: [step(website)] }));

  // THEN
  expect(invalidationsOf(stack).map(({ stage, name }) => `${stage}/${name}`)).toEqual(['Staging/Invalidate', 'Production/Europe.Invalidate', 'Production/America.Invalidate']);
  expect(new Set(invalidationsOf(stack).map(({ parameters }) => parameters.distributionId)).size).toBe(3);
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Runtime: 'nodejs24.x' });
});

test('every option of the action', () => {
  const { app, stack, pipeline } = givenCdkPipeline({ crossAccountKeys: true, selfMutation: true });
  const website = new WebsiteStage(app, 'Production');
  pipeline.addStage(website, {
    post: [new CloudFrontInvalidationStep('Invalidate', {
      distributionIdOutput: website.distributionIdOutput,
      paths: InvalidationPaths.of('/a'),
      waitForCompletion: false,
      timeout: Duration.minutes(1),
      failurePolicy: InvalidationFailurePolicy.WARN,
    })],
  });
  expect(invalidationsOf(stack)[0].parameters).toMatchObject({ paths: ['/a'], waitForCompletion: false, timeoutSeconds: 60, failurePolicy: 'WARN' });
  expect(stagesOf(stack).map(({ Name }) => Name)).toContain('UpdatePipeline');
});

test('none of the three, and two of them', () => {
  const { app } = givenCdkPipeline();
  const { distributionIdOutput } = new WebsiteStage(app, 'Production');
  const distribution = givenDistribution(new Stack(app, 'Website'));
  const message = "exactly one of distributionIdOutput, distribution and distributionTenant must be specified for the step 'Invalidate'";
  expect(() => new CloudFrontInvalidationStep('Invalidate', {})).toThrow(message);
  expect(() => new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput, distribution })).toThrow(message);
});

test('paths that come from an artifact are refused: CDK Pipelines chooses the artifacts', () => {
  const { app } = givenCdkPipeline();
  const { distributionIdOutput } = new WebsiteStage(app, 'Production');
  const paths = InvalidationPaths.changedFiles(new Artifact('site'));
  expect(() => new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput, paths }))
    .toThrow("paths of the step 'Invalidate' must come from a FileSet, because CDK Pipelines chooses the artifacts: use InvalidationPaths.changedFilesOf(fileSet)");
});

describe('an output of another account', () => {
  function addStep(distributionRole?: iam.IRole): Stack {
    const { app, stack, pipeline } = givenCdkPipeline({ crossAccountKeys: true });
    const website = new WebsiteStage(app, 'Production', { account: '444455556666', region: 'eu-west-1' });
    pipeline.addStage(website, { post: [new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput: website.distributionIdOutput, distributionRole })] });
    pipeline.buildPipeline();
    return stack;
  }

  test('needs a role of that account', () => {
    expect(() => addStep()).toThrow("distributionRole must be specified, because distributionIdOutput 'Production/Website/DistributionId' is in account 444455556666, " +
      'but the pipeline is in account 111122223333: pass a role in account 444455556666, such as a CloudFrontInvalidationRole with a roleName');
  });

  test('is fine with one', () => {
    const role = iam.Role.fromRoleArn(new Stack(), 'Role', 'arn:aws:iam::444455556666:role/invalidate-website');
    expect(invalidationsOf(addStep(role))[0].parameters.distributionRole).toMatchObject({ arn: role.roleArn });
  });
});

describe('the order of steps', () => {
  const shell = (id: string) => new pipelines.ShellStep(id, { commands: ['aws s3 sync site s3://website'] });

  function givenInvalidation(website: WebsiteStage, id = 'Invalidate'): CloudFrontInvalidationStep {
    return new CloudFrontInvalidationStep(id, { distributionIdOutput: website.distributionIdOutput });
  }

  test.each<[string, (id: string) => pipelines.Step]>([
    ['ShellStep', shell],
    ['CodeBuildStep', id => new pipelines.CodeBuildStep(id, { commands: ['aws s3 sync site s3://website'] })],
    ['step of an action that deploys', id => new DeployStep(id)],
  ])('beside a %s that may copy the site, the step is warned of, with what to write', (_, copy) => {
    const { app, stack, pipeline } = givenCdkPipeline();
    const website = new WebsiteStage(app, 'Production');
    pipeline.addStage(website, { post: [copy('CopySite'), givenInvalidation(website)] });
    expect(warningsOf(stack)).toEqual([expect.stringMatching(
      "^The invalidation 'Invalidate' and the action 'CopySite' in the stage 'Production' run at the same time: both have the run order 3\\. .*" +
      'pipelines\\.Step\\.sequence\\(\\[copy, invalidate\\]\\), or invalidate\\.addStepDependency\\(copy\\)',
    )]);
  });

  test('in a sequence, and with a dependency, it is not: the invalidation runs later', () => {
    const { app, stack, pipeline } = givenCdkPipeline();
    const [staging, production] = ['Staging', 'Production'].map(id => new WebsiteStage(app, id));
    pipeline.addStage(staging, { post: pipelines.Step.sequence([shell('CopySite'), givenInvalidation(staging)]) });
    const [copy, invalidate] = [shell('CopySite'), givenInvalidation(production)];
    invalidate.addStepDependency(copy);
    pipeline.addStage(production, { post: [invalidate, copy] });
    expect(warningsOf(stack)).toEqual([]);
    expect(invalidationsOf(stack).map(({ runOrder }) => runOrder)).toEqual([4, 4]);
  });

  test('beside an approval, and beside another invalidation, it is not', () => {
    const { app, stack, pipeline } = givenCdkPipeline();
    const website = new WebsiteStage(app, 'Production');
    pipeline.addStage(website, { post: [new pipelines.ManualApprovalStep('Approve'), givenInvalidation(website), givenInvalidation(website, 'InvalidateAgain')] });
    expect(warningsOf(stack)).toEqual([]);
  });

  test('what depends on the invalidation, such as a test of the website, comes later on purpose', () => {
    const { app, stack, pipeline } = givenCdkPipeline();
    const website = new WebsiteStage(app, 'Production');
    const steps = [shell('CopySite'), givenInvalidation(website), shell('Warm up'), shell('SmokeTest')];
    pipeline.addStage(website, { post: pipelines.Step.sequence(steps) });
    expect(warningsOf(stack)).toEqual([]);
    const { Actions } = stagesOf(stack).find(({ Name }) => Name === 'Production')!;
    expect(Actions.slice(-4).map(({ Name, RunOrder }) => [Name, RunOrder])).toEqual([['CopySite', 3], ['Invalidate', 4], ['Warm_up', 5], ['SmokeTest', 6]]);
  });

  test('a copy that waits for another step, and so runs after the invalidation, is warned of', () => {
    const { app, stack, pipeline } = givenCdkPipeline();
    const website = new WebsiteStage(app, 'Production');
    pipeline.addStage(website, { post: [...pipelines.Step.sequence([new pipelines.ManualApprovalStep('Approve'), shell('CopySite')]), givenInvalidation(website)] });
    expect(warningsOf(stack)).toEqual([expect.stringContaining("The invalidation 'Invalidate' runs before the action 'CopySite' in the stage 'Production'")]);
  });

  test('in a wave, the other stages have an order of their own', () => {
    // GIVEN
    const { app, stack, pipeline } = givenCdkPipeline();
    const [north, south] = ['North', 'South'].map(id => new WebsiteStage(app, id));
    new Stack(south, 'Assets').addDependency(south.website);
    const wave = pipeline.addWave('Production');

    // WHEN
    wave.addStage(north, { post: [givenInvalidation(north)] });
    wave.addStage(south, { post: pipelines.Step.sequence([shell('CopySite'), givenInvalidation(south)]) });

    // THEN
    const [northern, southern] = invalidationsOf(stack);
    expect(northern).toMatchObject({ name: 'North.Invalidate', runOrder: 3 });
    expect(southern.runOrder).toBeGreaterThan(northern.runOrder! + 1);
    expect(warningsOf(stack)).toEqual([]);
  });

  test('in a wave, the stage\'s own copy counts, and so does one beside an invalidation of the wave', () => {
    const { app, stack, pipeline } = givenCdkPipeline();
    const [north, south] = ['North', 'South'].map(id => new WebsiteStage(app, id));
    const wave = pipeline.addWave('Production', { post: [shell('CopyAll'), givenInvalidation(south, 'InvalidateAll')] });
    wave.addStage(north, { post: [shell('CopySite'), givenInvalidation(north)] });
    wave.addStage(south);
    expect(warningsOf(stack)).toEqual([
      expect.stringContaining("'North.Invalidate' and the action 'North.CopySite' in the stage 'Production' run at the same time"),
      expect.stringContaining("'InvalidateAll' and the action 'CopyAll' in the stage 'Production' run at the same time"),
    ]);
  });

  test('in pre, before the deployment, it is warned of', () => {
    const { app, stack, pipeline } = givenCdkPipeline();
    const distribution = givenDistribution(new Stack(app, 'Elsewhere', { env: ENV }));
    pipeline.addStage(new WebsiteStage(app, 'Production'), { pre: [new CloudFrontInvalidationStep('Invalidate', { distribution })] });
    expect(warningsOf(stack)).toContainEqual(expect.stringMatching("'Invalidate' runs before the action 'Website\\.Deploy' .* Add the step to post"));
  });
});

describe('paths from a FileSet', () => {
  /** A pipeline that builds a website, and copies it after its infrastructure was deployed. */
  function givenWebsiteBuild() {
    const given = givenCdkPipeline();
    const build = new pipelines.ShellStep('BuildSite', {
      input: given.pipeline.cloudAssemblyFileSet, commands: ['npm run build'], primaryOutputDirectory: 'dist',
    });
    const website = new WebsiteStage(given.app, 'Production');
    const copy = new pipelines.ShellStep('CopySite', { input: build, commands: ['aws s3 sync . s3://website'] });
    return { ...given, build, website, copy };
  }

  function inputsOf(stack: Stack, actionName: string) {
    const actions = stagesOf(stack).flatMap(({ Actions }) => Actions);
    return actions.find(({ Name }) => Name === actionName)!.InputArtifacts!.map(({ Name }) => Name);
  }

  test('changedFilesOf compares what the step that copies the site takes, and runs after what puts it out', () => {
    // GIVEN
    const { stack, pipeline, build, website, copy } = givenWebsiteBuild();
    const { distributionIdOutput } = website;

    // WHEN
    const paths = InvalidationPaths.changedFilesOf(build, { exclude: ['assets/**'] });
    const invalidate = new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput, paths });
    pipeline.addStage(website, { post: pipelines.Step.sequence([copy, invalidate]) });

    // THEN
    expect(inputsOf(stack, 'Invalidate')).toEqual(inputsOf(stack, 'CopySite'));
    const [{ parameters }] = invalidationsOf(stack);
    expect(parameters.paths).toEqual({
      changedFiles: expect.objectContaining({
        exclude: ['assets/**'],
        stageName: 'Production',
        actionName: 'Invalidate',
        deployedBy: ['Production.BuildSite', 'Production.CopySite'],
      }),
    });
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 'codepipeline:ListActionExecutions' })]) },
    });
  });

  describe('changedFilesOf of what no step copies', () => {
    const ASSEMBLY = /changedFiles must use an artifact that an action of the pipeline deploys, got 'Synth_Output': only actions that deploy stacks or update the pipeline take it \(/;

    /** A site whose function is an asset that CDK Pipelines publishes. */
    class AppStage extends WebsiteStage {
      constructor(app: App, id: string) {
        super(app, id);
        new Asset(this.website, 'Asset', { path: __dirname });
        new Asset(this.website, 'Other', { path: join(__dirname, 'private') });
      }
    }

    test.each<[string, Partial<pipelines.CodePipelineProps>, string]>([
      ['by default', {}, "'UpdatePipeline.SelfMutate', 'Assets.Asset', 'Assets.Other', 'Production.Website.Prepare'"],
      ['with one publisher', { publishAssetsInParallel: false }, "'UpdatePipeline.SelfMutate', 'Assets.FileAssets', 'Production.Website.Prepare'"],
      ['without self-mutation', { selfMutation: false }, "'Assets.Asset', 'Assets.Other', 'Production.Website.Prepare'"],
    ])('is refused: the cloud assembly, %s', (_, props, takers) => {
      const { app, pipeline } = givenCdkPipeline(props);
      const website = new AppStage(app, 'Production');
      const { distributionIdOutput } = website;
      const paths = InvalidationPaths.changedFilesOf(pipeline.synth);
      const smokeTests = new pipelines.ShellStep('SmokeTests', { commands: ['curl'] });
      pipeline.addStage(website, { post: [smokeTests, new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput, paths })] });
      pipeline.buildPipeline();
      expect(() => app.synth()).toThrow(ASSEMBLY);
      expect(() => app.synth()).toThrow(`take it (${takers}). Pass the artifact that the action takes which copies the site (in CDK Pipelines, the FileSet`);
    });

    test.each<[string, (assembly: pipelines.IFileSetProducer) => pipelines.Step, object]>([
      ['a step copies a part of it', input => new pipelines.ShellStep('Copy', { input, commands: ['aws s3 sync site s3://website'] }), {}],
      ['a step of the user\'s deploys it', assembly => new DeployStep('Copy', assembly.primaryOutput), {}],
      ['the user says who deploys it', () => new pipelines.ShellStep('Copy', { commands: ['aws'] }), { deployedBy: ['Build.Synth'] }],
    ])('is not refused if %s', (_, stepOf, options) => {
      const { app, stack, pipeline } = givenCdkPipeline();
      const website = new AppStage(app, 'Production');
      const { distributionIdOutput } = website;
      const paths = InvalidationPaths.changedFilesOf(pipeline.synth, options);
      const copy = stepOf(pipeline.synth);
      pipeline.addStage(website, { post: pipelines.Step.sequence([copy, new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput, paths })]) });
      pipeline.buildPipeline();
      expect(() => app.synth()).not.toThrow();
      expect(warningsOf(stack, 'deployedArtifact')).toEqual([]);
    });

    test('is warned about: the source of a site that a step builds and another one copies', () => {
      const { app, stack, pipeline, build, website, copy } = givenWebsiteBuild();
      const { distributionIdOutput } = website;
      const paths = InvalidationPaths.changedFilesOf(pipeline.synth);
      pipeline.addStage(website, { post: pipelines.Step.sequence([copy, new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput, paths })]) });
      pipeline.buildPipeline();
      app.synth();
      expect(build.primaryOutput).toBeDefined();
      expect(warningsOf(stack, 'deployedArtifact')).toEqual([expect.stringContaining("compares the files of 'Synth_Output', but 'Production.BuildSite' takes it and outputs 'BuildSite_Output', which 'Production.CopySite' takes")]);
    });
  });

  test('fromManifestOf takes the file from a further output of a step', () => {
    const { stack, pipeline, build, website } = givenWebsiteBuild();
    const lists = build.addOutputDirectory('lists');
    const paths = InvalidationPaths.fromManifestOf(lists, 'invalidation.txt');
    pipeline.addStage(website, { post: [new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput: website.distributionIdOutput, paths })] });
    const [{ runOrder, parameters }] = invalidationsOf(stack);
    expect(parameters.paths).toEqual({ manifest: 'invalidation.txt' });
    expect(inputsOf(stack, 'Invalidate')).toEqual(['BuildSite_lists']);
    const producer = stagesOf(stack).flatMap(({ Actions }) => Actions).find(({ Name }) => Name === 'BuildSite')!;
    expect(producer.RunOrder).toBeLessThan(runOrder!);
  });

  test('a source puts out a FileSet as well', () => {
    const { stack, pipeline, website } = givenWebsiteBuild();
    const sources = pipelines.CodePipelineSource.s3(Bucket.fromBucketName(stack, 'Bucket', 'sites'), 'site.zip');
    const paths = InvalidationPaths.fromManifestOf(sources, 'invalidation.txt');
    pipeline.addStage(website, { post: [new CloudFrontInvalidationStep('Invalidate', { distributionIdOutput: website.distributionIdOutput, paths })] });
    expect(stagesOf(stack)[0].Actions.map(({ Name }) => Name)).toContain('sites');
    expect(inputsOf(stack, 'Invalidate')).toHaveLength(1);
  });

  test('a step that puts out nothing, a file that cannot be one, an option out of its range', () => {
    const { copy, build } = givenWebsiteBuild();
    const message = "fileSet must be a FileSet or a step with a primary output, got 'ShellStep(CopySite)': give the step a primaryOutputDirectory";
    expect(() => InvalidationPaths.changedFilesOf(copy)).toThrow(message);
    expect(() => InvalidationPaths.fromManifestOf(copy, 'invalidation.txt')).toThrow(message);
    expect(() => InvalidationPaths.fromManifestOf(build, '/invalidation.txt')).toThrow('manifest');
    expect(() => InvalidationPaths.changedFilesOf(build, { maxPaths: 0 })).toThrow('maxPaths');
  });

  test('outside of CDK Pipelines, it is refused, with what to use', () => {
    const { stack, build } = givenWebsiteBuild();
    expect(() => new CloudFrontInvalidationAction({ actionName: 'Invalidate', distribution: givenDistribution(stack), paths: InvalidationPaths.changedFilesOf(build) }))
      .toThrow("paths of the action 'Invalidate' must not come from a FileSet, which works only in a CloudFrontInvalidationStep: " +
        'use InvalidationPaths.changedFiles(artifact) or fromManifest(artifact.atPath(fileName))');
  });
});

/** A step of an action of its own, as users write it. */
class DeployStep extends pipelines.Step implements pipelines.ICodePipelineActionFactory {
  constructor(id: string, private readonly fileSet?: pipelines.FileSet) {
    super(id);
    if (fileSet !== undefined) {
      this.addDependencyFileSet(fileSet);
    }
  }

  produceAction(stage: IStage, options: pipelines.ProduceActionOptions): pipelines.CodePipelineActionFactoryResult {
    const { actionName, runOrder, fallbackArtifact, artifacts, scope } = options;
    const input = this.fileSet === undefined ? fallbackArtifact! : artifacts.toCodePipeline(this.fileSet);
    stage.addAction(new S3DeployAction({ actionName, runOrder, input, bucket: new Bucket(scope, 'Site') }));
    return { runOrdersConsumed: 1 };
  }
}
